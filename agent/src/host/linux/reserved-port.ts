// A TCP port of this host that nobody else gets meanwhile. Nothing listens: what answers there is reset by the kernel.
import { openLibc, systemCallError } from './libc.ts';
import { AF_INET, AF_INET6, readSocketAddress, socketAddressBytes, writeSocketAddress } from './socket-address.ts';

// bits/socket_type.h
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;

export interface ReservedPort extends Disposable {
  readonly port: number;
}

/** `local`: 4 or 16 bytes of this host. Throws HostError. */
export function reservePort(local: Uint8Array, libc = openLibc()): ReservedPort {
  const fd = libc.socket(local.length === 4 ? AF_INET : AF_INET6, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a socket to keep a port');
  const address = writeSocketAddress({ address: local, port: 0 });
  const name = new Uint8Array(socketAddressBytes);
  const length = new Uint32Array([socketAddressBytes]);
  if (libc.bind(fd, address, address.length) !== 0 || libc.getsockname(fd, name, length) !== 0) {
    const error = systemCallError(libc, 'Keeping a port');
    libc.close(fd);
    throw error;
  }
  const port = readSocketAddress(name, 0, length[0]!)?.port ?? 0;
  return { port, [Symbol.dispose]: () => void libc.close(fd) };
}
