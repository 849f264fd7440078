// What a process is called: its comm, as ps and ss print it, unless that is the name of a thread or was cut short.
import { basename } from 'node:path';

// TASK_COMM_LEN of linux/sched.h, without the final NUL.
const COMM_BYTES = 15;
/** Runtimes that name all their threads name the main one so: Node "node-MainThread", .NET ".NET MainThread", CPython "MainThread". */
const threadName = /(?:^|[-\s_])main[-_]?thread$/i;

/**
 * A comm stays what it is even where it differs from the executable: a script is called by its own name and not by its
 * interpreter's, and "Web Content" tells more than "firefox". Two exceptions take the executable's name, or where that cannot be
 * read the first argument's: a comm that only names the main thread, and one of the full 15 bytes that a longer name begins with.
 */
export function processName(
  comm: string,
  { executable, commandLine }: { executable: string; commandLine: string },
): string {
  const name = basename(executable.replace(/ \(deleted\)$/, '')) || basename(commandLine.split(' ', 1)[0] ?? '');
  if (name === '' || name === comm) return comm;
  const isCut = Buffer.byteLength(comm) >= COMM_BYTES && name.startsWith(comm);
  return isCut || threadName.test(comm) ? name : comm;
}
