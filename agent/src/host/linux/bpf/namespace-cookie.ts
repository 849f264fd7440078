// The number by which the kernel's programs know the network namespace of this process.
import { openLibc, systemCallError } from '../libc.ts';

// bits/socket.h, asm-generic/socket.h
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

/** 8 bytes as the kernel writes them. Throws HostError, ENOPROTOOPT before Linux 5.14. */
export function readNamespaceCookie(): Uint8Array<ArrayBuffer> {
  const libc = openLibc();
  const fd = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a socket to ask for its network namespace');
  try {
    const cookie = new Uint8Array(8);
    const length = new Uint32Array([cookie.length]);
    if (libc.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) === 0) return cookie;
    throw systemCallError(libc, 'Asking for the cookie of the network namespace');
  } finally {
    libc.close(fd);
  }
}
