// Where the server's files live: DIR/postgres, or another place when the server's user cannot get there.
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { StoreError } from '../errors.ts';
import { canEnter, type ServerUser } from './system-user.ts';

export interface Home {
  /** Secrets and bookkeeping, the collector's own. */
  control: string;
  /** The data directory and the program files, where the server's user can read them. */
  server: string;
  /** PGDATA. */
  data: string;
}

const elsewhere = '/var/lib/foretop';

/** DIR/postgres is made when it is missing; `user` is who must be able to enter. */
export async function openHome(dataDir: string, user: ServerUser | undefined, log: Logger): Promise<Home> {
  const control = controlDir(dataDir);
  const server = user === undefined ? control : await reachableHome(dataDir, control, user, log);
  return { control, server, data: join(server, 'data') };
}

/** PGDATA as far as it can be told before anything is made. */
export async function findData(dataDir: string): Promise<string> {
  const control = controlDir(dataDir);
  return join((await readLocation(control)) ?? control, 'data');
}

export const controlDir = (dataDir: string) => join(dataDir, 'postgres');

/** Nobody else may list it; passing through is decided in reachableHome. */
export async function makeControlDir(dataDir: string): Promise<void> {
  await makeFolders(resolve(controlDir(dataDir)));
}

/** Node's own recursive mkdir never ends where a folder is there and takes no other, as in /proc. */
async function makeFolders(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await make();
  }
}

async function reachableHome(dataDir: string, control: string, user: ServerUser, log: Logger): Promise<string> {
  const moved = await readLocation(control);
  if (moved !== undefined) return checkMoved(control, moved);
  await letThrough(control);
  if (canEnter(control, user)) return control;
  if (await isOurs(dataDir)) await letThrough(dataDir);
  if (canEnter(control, user)) return control;
  return moveElsewhere(control, user, log);
}

/** Adds the right to pass through, none to list or read. */
async function letThrough(dir: string): Promise<void> {
  const { mode } = await stat(dir);
  if ((mode & 0o011) !== 0o011) await chmod(dir, (mode & 0o7777) | 0o011);
}

/** A data directory that belongs to us and is not somebody's home. */
async function isOurs(dir: string): Promise<boolean> {
  return (await stat(dir)).uid === process.getuid!() && dir !== homedir();
}

const pointer = (control: string) => join(control, 'location');

async function readLocation(control: string): Promise<string | undefined> {
  return readFile(pointer(control), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function checkMoved(control: string, moved: string): Promise<string> {
  if ((await stat(moved).catch(() => undefined))?.isDirectory() === true) return moved;
  throw new StoreError(
    'data-directory-unusable',
    `${pointer(control)} says that the database is in ${moved}, which is not there. Put it back, or delete ${control} to start anew.`,
  );
}

/** The name is random, so that a data directory made anew at the same place never meets the old one's database. */
async function moveElsewhere(control: string, user: ServerUser, log: Logger): Promise<string> {
  const server = join(elsewhere, `postgres-${randomBytes(6).toString('hex')}`);
  await mkdir(elsewhere, { recursive: true, mode: 0o711 });
  await mkdir(server, { mode: 0o711 });
  if (!canEnter(server, user)) {
    throw new StoreError(
      'data-directory-unusable',
      `Postgres runs as ${user.name}, who can enter neither ${control} nor ${server}. Choose a data directory that others may pass through (chmod o+x on its parents).`,
    );
  }
  await writeFile(pointer(control), `${server}\n`);
  log.warn(
    { event: 'database-elsewhere', server },
    `Postgres runs as ${user.name}, who cannot enter ${control}: the database is in ${server}. Delete both together.`,
  );
  return server;
}

/** sun_path of unix(7) and unix(4): the bytes that a socket's path may have. */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;
export const socketPort = 5432;

/** A directory that only the server's user can enter. Short, and free of what unix_socket_directories would split. */
export async function makeSocketDir(home: Home, user: ServerUser | undefined): Promise<string> {
  const near = join(home.server, 'run');
  const fits = Buffer.byteLength(`${near}/.s.PGSQL.${socketPort}`) <= longestSocketPath && /^[\w/.+@-]+$/.test(near);
  if (fits) await mkdir(near, { recursive: true, mode: 0o700 });
  const dir = fits ? near : await mkdtemp(join(process.getuid?.() === 0 ? '/run' : tmpdir(), 'foretop-'));
  await giveTo(dir, user);
  return dir;
}

export async function giveTo(path: string, user: ServerUser | undefined): Promise<void> {
  if (user !== undefined) await chown(path, user.uid, user.gid);
}
