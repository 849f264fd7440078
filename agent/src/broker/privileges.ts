// Rights that a thread gives up: for what it starts, or for good.
import { fixedBytes, type Libc, systemCallError } from '../host/linux/libc.ts';

// linux/prctl.h
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
// linux/capability.h
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** What this thread executes from now on gains no right by it, and inherits no capability unless it is root's. Throws HostError. */
export function renounceForChildren(libc: Libc): void {
  if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw systemCallError(libc, 'prctl(PR_SET_NO_NEW_PRIVS)');
  if (libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) !== 0)
    throw systemCallError(libc, 'prctl(PR_CAP_AMBIENT_CLEAR_ALL)');
}

/** Of this thread. With NoNewPrivs, what it executes has none either, even as root. */
export function dropCapabilities(libc: Libc): void {
  const header = fixedBytes(8);
  new Uint32Array(header.buffer).set([LINUX_CAPABILITY_VERSION_3, 0]);
  libc.capset(header, fixedBytes(24)); // what stays is found by whoever checks
}
