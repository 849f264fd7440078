// The agent's data directory: private, its own, and used by one agent at a time.
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AgentError } from './agent-error.ts';

/** Takes an exclusive lock on an open file that ends with the process; false = another process holds it. */
export type LockFile = (descriptor: number, path: string) => boolean;

export interface DataDirectory extends Disposable {
  readonly path: string;
  file(name: string): string;
}

const othersMayWrite = 0o022;
/** Windows keeps lists of rights, which Node's modes do not show: there the user's own folder must do. */
const modesTell = process.platform !== 'win32';

/** Throws AgentError when the directory cannot be used. */
export function openDataDirectory(path: string, lock: LockFile): DataDirectory {
  const lockPath = join(path, 'agent.lock');
  const descriptor = inDataDirectory(path, () => {
    prepare(path);
    return openSync(lockPath, 'a', 0o600);
  });
  if (!lock(descriptor, lockPath)) {
    closeSync(descriptor);
    throw new AgentError(
      'data-in-use',
      `Another foretop-agent uses the data directory '${path}'. Stop it, or give this one a directory of its own with --data.`,
    );
  }
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

function prepare(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { mode } = statSync(path);
  if (!modesTell || (mode & othersMayWrite) === 0) return;
  throw new AgentError(
    'data-directory',
    `Other users may write to the data directory '${path}' (mode ${(mode & 0o7777).toString(8)}), which holds this host's key. Use one of its own, or: chmod 700 '${path}'`,
  );
}

/** Runs what needs the directory at the start, and says in an AgentError what is wrong with it. */
export function inDataDirectory<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = 'Make room or give this user the right to write there, or choose another with --data.';
    throw new AgentError('data-directory', `The data directory '${path}' cannot be used: ${reason}. ${advice}`, {
      cause,
    });
  }
}

/** Replaces a file whole: a reader meets the old content or the new, with `flush` also one after a crash of the machine. */
export function replaceFile(path: string, content: string, flush = true): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush });
  renameSync(draft, path);
}

/** Throws when others may read a file that must be private. */
export function requirePrivate(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if (!modesTell || (mode & 0o077) === 0) return;
    throw new AgentError(
      'identity',
      `'${path}' has mode ${mode.toString(8)}, so other users may have read this host's key; 600 is required. If nobody did: chmod 600 '${path}'`,
    );
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a directory that only this user can enter. */
export function privateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}
