// Steps into another network namespace for the length of one synchronous call: a socket belongs for good to the one it was made in.
import { closeSync, fstatSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { HostError } from '../host-error.ts';
import { type Libc, openLibc, systemCallError } from './libc.ts';

// linux/sched.h
const CLONE_NEWNET = 0x40000000;
const OWN = '/proc/thread-self/ns/net';

export interface NamespaceDoor extends Disposable {
  /** Inode number of the namespace that the agent runs in. */
  readonly own: number;
  /**
   * What `open` gives when it is called inside the namespace behind `path`, which must still have that inode number.
   * `open` must be synchronous: setns(2) moves the calling thread, and JavaScript goes on in it. Throws HostError.
   */
  within<Value>(path: string, inode: number, open: () => Value): Value;
}

/** `fatal` is called when the way back is shut: an agent that talks from inside a container must not live on. */
export function openNamespaceDoor(
  options: { libc?: Libc; own?: string; fatal?: (message: string) => never } = {},
): NamespaceDoor {
  const { libc = openLibc(), own: ownPath = OWN, fatal = abort } = options;
  const home = openSync(ownPath, 'r');
  return {
    own: fstatSync(home).ino,
    within(path, inode, open) {
      const fd = openNamespace(path, inode);
      try {
        if (libc.setns(fd, CLONE_NEWNET) !== 0) throw systemCallError(libc, `Entering network namespace ${inode}`);
        try {
          return open();
        } finally {
          if (libc.setns(home, CLONE_NEWNET) !== 0)
            fatal(`foretop-agent: returning from network namespace ${inode} failed with ${libc.errnoName()}`);
        }
      } finally {
        closeSync(fd);
      }
    },
    [Symbol.dispose]: () => closeSync(home),
  };
}

/** The number in `net:[4026531840]`; 0 for anything else. */
export function namespaceInode(link: string): number {
  return Number(/^net:\[(\d{1,15})\]$/.exec(link)?.[1] ?? 0);
}

export function readNamespaceInode(path: string): number {
  try {
    return namespaceInode(readlinkSync(path));
  } catch {
    return 0;
  }
}

function openNamespace(path: string, inode: number): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new HostError('unreadable', `Opening network namespace ${inode} failed with ${errno}`, {
      retryable: true,
      errno,
      cause,
    });
  }
  const found = fstatSync(fd).ino;
  if (found === inode) return fd;
  closeSync(fd);
  throw new HostError('unreadable', `Opening network namespace ${inode} failed: ${path} leads to ${found} by now`, {
    retryable: true,
  });
}

/** Ends the process at once: nothing that waits on this thread may run in the wrong namespace. */
function abort(message: string): never {
  writeSync(2, `${message}; ending at once\n`);
  process.abort();
}
