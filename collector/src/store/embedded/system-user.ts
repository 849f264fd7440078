// The user that Postgres runs as when the collector runs as root, which Postgres refuses to.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { StoreError } from '../errors.ts';

export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

const ownName = 'foretop';

/**
 * undefined = the collector's own user. As root: whoever owns the data already, else a system user of our own, which is made
 * when it is missing, else `postgres`, else `nobody`.
 */
export function chooseUser(dataDir: string, log: Logger): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOf(dataDir);
  if (owner !== undefined && owner.uid !== 0) return owner;
  const known = findUser(ownName) ?? makeUser() ?? findUser('postgres');
  if (known !== undefined) return known;
  const nobody = findUser('nobody');
  if (nobody === undefined) {
    throw new StoreError(
      'embedded-unavailable',
      `Postgres does not run as root, and there is no user to run it as: making the system user "${ownName}" failed. ` +
        'Create it, or start Foretop as an ordinary user.',
    );
  }
  log.warn(
    { event: 'database-user-nobody' },
    `The database runs as "nobody", which other services may share. Create a system user "${ownName}" to keep them apart.`,
  );
  return nobody;
}

function ownerOf(path: string): ServerUser | undefined {
  try {
    const { uid, gid } = statSync(path);
    return { name: `uid ${uid}`, uid, gid };
  } catch {
    return undefined;
  }
}

export function findUser(name: string): ServerUser | undefined {
  const number = (flag: '-u' | '-g') => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return status === 0 ? Number(stdout.trim()) : undefined;
  };
  const [uid, gid] = [number('-u'), number('-g')];
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}

function makeUser(): ServerUser | undefined {
  const options = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
  ];
  const { status } = spawnSync('useradd', [...options, ownName], { stdio: 'ignore' });
  return status === 0 ? findUser(ownName) : undefined;
}

/** How child processes become that user. The working directory is one that everybody may enter. */
export function spawnAs(user: ServerUser | undefined): { uid?: number; gid?: number; cwd: string } {
  return user === undefined ? { cwd: '/' } : { uid: user.uid, gid: user.gid, cwd: '/' };
}

/** Asks the kernel rather than the mode bits: access lists and mounts have their say. */
export function canEnter(dir: string, user: ServerUser | undefined): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', dir], { ...spawnAs(user), stdio: 'ignore' }).status === 0;
}
