// Reads the host's policy from a file that only its owner can have written; anything else counts as the lowest.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { lowestPolicy, type Policy } from './policy.ts';
import { parsePolicy, PolicyFault } from './policy-text.ts';

export interface FoundPolicy extends Policy {
  /** The path, or why the file is not believed: "no file", "unsafe: …". */
  source: string;
  exists: boolean;
}

const hostFile = '/etc/foretop-agent/ceiling.json';

const noFile: FoundPolicy = Object.freeze({ ...lowestPolicy, source: 'no file', exists: false });
const othersMayWrite = 0o022;
const sticky = 0o1000;
const mostBytes = 65_536;

/** undefined = the host's own file, which is only root's. One that was named may be of the user who runs this too. Never throws. */
export function readHostPolicy(path: string | undefined): FoundPolicy {
  return path === undefined ? readPolicy(hostFile) : readPolicy(path, [0, process.getuid?.() ?? 0]);
}

/** Reads it anew each time, since an edit counts at once. Never throws. `owners`: the users who may have written it. */
export function readPolicy(path: string, owners: readonly number[] = [0]): FoundPolicy {
  try {
    // Most hosts have none. That is asked first, without an exception: it is read every second.
    if (!lstatSync(path, { throwIfNoEntry: false })) return noFile;
    return { ...parsePolicy(readSafely(path, owners)), source: path, exists: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return noFile;
    const why = error instanceof Error ? error.message : String(error);
    return { ...lowestPolicy, source: `unsafe: ${why}`, exists: true };
  }
}

/** Throws PolicyFault, and what the file system says. */
function readSafely(path: string, owners: readonly number[]): string {
  // Not blocking: something that is no file must not hold the agent up.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new PolicyFault('not a file');
    if (!owners.includes(found.uid)) throw new PolicyFault(`owned by user ${found.uid}`);
    if ((found.mode & othersMayWrite) !== 0) throw new PolicyFault('writable by others');
    if (found.size > mostBytes) throw new PolicyFault(`${found.size} bytes`);
    requireSafeFolders(dirname(path), owners);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Whoever may write to a folder on the way can put another of root's files in this one's place. */
function requireSafeFolders(folder: string, owners: readonly number[]): void {
  for (let at = realpathSync(folder); ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at);
    const isOthers = uid !== 0 && !owners.includes(uid);
    if (isOthers || ((mode & othersMayWrite) !== 0 && (mode & sticky) === 0))
      throw new PolicyFault(`others may write to ${at}`);
    if (at === dirname(at)) return;
  }
}
