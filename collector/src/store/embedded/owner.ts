// Who runs the embedded server of a data directory: a file that names the process, taken by whoever comes first.
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, markOf, type ProcessMark } from './liveness.ts';

export type Role = 'collector' | 'command';

export interface Owner extends ProcessMark {
  role: Role;
  /** Where the server's Unix socket is; empty until that is decided. */
  socketDir: string;
}

const fileOf = (dir: string) => join(dir, 'owner.json');

/** The live process that runs the server, or what a dead one left. */
export async function readOwner(dir: string): Promise<{ owner: Owner; alive: boolean } | undefined> {
  try {
    const owner = JSON.parse(await readFile(fileOf(dir), 'utf8')) as Owner;
    return { owner, alive: isAlive(owner) };
  } catch {
    // Missing, or torn by a crash: files are written beside and linked, so nobody alive is half-way through.
    return undefined;
  }
}

export interface Ownership extends AsyncDisposable {
  /** Tells others where the socket is. */
  announce(socketDir: string): Promise<void>;
}

/**
 * Takes the place of `dead`, or of nobody. @returns undefined when somebody else was faster.
 * Postgres has a lock of its own in the data directory; this one only gives the clearer answer, and comes before initdb.
 */
export async function takeOwnership(dir: string, role: Role): Promise<Ownership | undefined> {
  const self: Owner = { ...markOf(process.pid)!, role, socketDir: '' };
  const found = await readOwner(dir);
  if (found?.alive === true) return undefined;
  await removeStale(dir);
  if (!(await create(dir, self))) return undefined;
  return {
    announce: (socketDir) => replace(dir, { ...self, socketDir }),
    [Symbol.asyncDispose]: () => rm(fileOf(dir), { force: true }),
  };
}

/** Only one of several gets the old file away; what it finds in hand is put back when it is a live owner's after all. */
async function removeStale(dir: string): Promise<void> {
  const aside = join(dir, `owner.stale-${process.pid}`);
  try {
    await rename(fileOf(dir), aside);
  } catch {
    return;
  }
  const taken = await readFile(aside, 'utf8').then(
    (text) => JSON.parse(text) as Owner,
    () => undefined,
  );
  if (taken !== undefined && isAlive(taken)) await link(aside, fileOf(dir)).catch(() => undefined);
  await unlink(aside);
}

/** link(2) fails when the name exists: the file appears whole or not at all. */
async function create(dir: string, owner: Owner): Promise<boolean> {
  const draft = await writeDraft(dir, owner);
  try {
    await link(draft, fileOf(dir));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function replace(dir: string, owner: Owner): Promise<void> {
  await rename(await writeDraft(dir, owner), fileOf(dir));
}

async function writeDraft(dir: string, owner: Owner): Promise<string> {
  const draft = join(dir, `owner.new-${process.pid}`);
  await writeFile(draft, `${JSON.stringify(owner)}\n`);
  return draft;
}
