// Moves this very thread into a network namespace: sockets that are made from then on belong there, and tests run as on that host.
import { closeSync, openSync } from 'node:fs';
import { openLibc, systemCallError } from '../../agent/src/host/linux/libc.ts';

// linux/sched.h
const CLONE_NEWNET = 0x40000000;

function enter(path: string): void {
  const libc = openLibc();
  const fd = openSync(path, 'r');
  try {
    if (libc.setns(fd, CLONE_NEWNET) !== 0) throw systemCallError(libc, `Entering ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** Until it is disposed. Name look-ups run in other threads and stay where they were. Needs root. */
export function moveInto(namespace: { name: string }): Disposable {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  enter(`/run/netns/${namespace.name}`);
  return {
    [Symbol.dispose]() {
      enter(`/proc/self/fd/${home}`);
      closeSync(home);
    },
  };
}
