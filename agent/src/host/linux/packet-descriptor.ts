// Packet sockets as the kernel opens, binds and names them.
import { fixedBytes, type Libc, systemCallError } from './libc.ts';

// bits/socket.h
const AF_PACKET = 17;
const SOCK_CLOEXEC = 0o2000000;
const types = { cooked: 2, raw: 3 } as const;
/** `struct sockaddr_ll` (linux/if_packet.h). */
const addressBytes = 20;

/** `raw`: with the frames' own headers. It hears nothing before it is bound. Throws HostError, EPERM without CAP_NET_RAW. */
export function openPacket(libc: Libc, type: keyof typeof types): number {
  const fd = libc.socket(AF_PACKET, types[type] | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a packet socket');
  return fd;
}

/** `index` 0 = all interfaces; `protocol`: of linux/if_ether.h, 0 = it hears nothing. Throws HostError. */
export function bindPacket(libc: Libc, fd: number, index: number, protocol: number): void {
  const address = new DataView(new ArrayBuffer(addressBytes));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, protocol, false);
  address.setInt32(4, index, true);
  if (libc.bind(fd, new Uint8Array(address.buffer), addressBytes) !== 0)
    throw systemCallError(libc, 'Binding a packet socket');
}

/** The `struct sockaddr_ll` it is bound to. Throws HostError. */
export function boundTo(libc: Libc, fd: number): DataView {
  const bytes = fixedBytes(addressBytes);
  const length = new Uint32Array([addressBytes]);
  if (libc.getsockname(fd, bytes, length) !== 0) throw systemCallError(libc, 'Reading a packet socket’s interface');
  return new DataView(bytes.buffer);
}
