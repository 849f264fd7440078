// `struct sockaddr_in` and `struct sockaddr_in6` (linux/in.h, linux/in6.h) to bytes and back.

// bits/socket.h
export const AF_INET = 2;
export const AF_INET6 = 10;
/** Of the larger of the two. */
export const socketAddressBytes = 28;

export interface SocketAddress {
  /** 4 or 16 bytes. */
  address: Uint8Array;
  port: number;
}

export function writeSocketAddress({ address, port }: SocketAddress): Uint8Array {
  const isIpv4 = address.length === 4;
  const bytes = new Uint8Array(isIpv4 ? 16 : socketAddressBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIpv4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  bytes.set(address, isIpv4 ? 4 : 8);
  return bytes;
}

/** undefined: of another family, or cut. */
export function readSocketAddress(bytes: Uint8Array, at: number, end: number): SocketAddress | undefined {
  if (end - at < 8) return undefined;
  const family = bytes[at]! | (bytes[at + 1]! << 8);
  const port = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (family === AF_INET) return { address: bytes.slice(at + 4, at + 8), port };
  if (family !== AF_INET6 || end - at < 24) return undefined;
  return { address: bytes.slice(at + 8, at + 24), port };
}
