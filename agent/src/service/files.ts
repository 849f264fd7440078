// Steps that put files and folders in their places, and take them back.
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Step } from './steps.ts';

export interface Owner {
  uid: number;
  gid: number;
}

export const root: Owner = { uid: 0, gid: 0 };

export interface FileContent {
  path: string;
  content: Uint8Array | string;
  mode: number;
  owner?: () => Owner;
}

/** Replaces the file whole; a file that was there comes back with undo. */
export function placeFile({ path, content, mode, owner = () => root }: FileContent): Step {
  const wanted = Buffer.from(content);
  const kept = `${path}.before`;
  return {
    text: `Write ${path}`,
    isDone: () => hasFile(path, wanted, mode, owner),
    run() {
      const draft = `${path}.new`;
      rmSync(draft, { force: true });
      rmSync(kept, { force: true });
      try {
        writeFileSync(draft, wanted, { mode: 0o600, flag: 'wx', flush: true });
        chownSync(draft, owner().uid, owner().gid);
        chmodSync(draft, mode);
        const had = keep(path, kept);
        renameSync(draft, path);
        return {
          undo: () => (had ? renameSync(kept, path) : rmSync(path, { force: true })),
          settle: () => rmSync(kept, { force: true }),
        };
      } catch (error) {
        rmSync(draft, { force: true });
        throw error;
      }
    },
  };
}

export function placeFolder(path: string, mode: number, owner: () => Owner = () => root): Step {
  return {
    text: `Make the folder ${path}`,
    isDone: () => hasMode(path, mode, owner),
    run() {
      const first = mkdirSync(path, { recursive: true, mode });
      chownSync(path, owner().uid, owner().gid);
      chmodSync(path, mode);
      return { undo: () => (first === undefined ? undefined : rmdirSync(path)) };
    },
  };
}

/** A second name for the file as it is. @returns whether there was one. */
function keep(path: string, kept: string): boolean {
  try {
    linkSync(path, kept);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function hasFile(path: string, wanted: Buffer, mode: number, owner: () => Owner): boolean {
  return hasMode(path, mode, owner) && readFileSync(path).equals(wanted);
}

/** False too when the owner is not known yet. */
function hasMode(path: string, mode: number, owner: () => Owner): boolean {
  try {
    const found = lstatSync(path);
    const { uid, gid } = owner();
    return !found.isSymbolicLink() && (found.mode & 0o7777) === mode && found.uid === uid && found.gid === gid;
  } catch {
    return false;
  }
}
