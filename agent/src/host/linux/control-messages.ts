// What the kernel says beside a received datagram: when it came, its TTL, and the ICMP error that it is about.
import { readSocketAddress } from './socket-address.ts';

// bits/socket.h, linux/in.h, linux/in6.h, linux/errqueue.h, asm-generic/socket.h
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_IPV6 = 41;
const SO_TIMESTAMPNS = 35;
const IP_TTL = 2;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;
const IPV6_HOPLIMIT = 52;
const SO_EE_ORIGIN_ICMP = 2;
const SO_EE_ORIGIN_ICMP6 = 3;
/** `struct cmsghdr`: length, level, type. */
const HEADER = 16;
/** `struct sock_extended_err`; the offender's address stands behind it. */
const EXTENDED_ERROR = 16;

export interface IcmpError {
  type: number;
  code: number;
  /** Who said so; undefined = not told. */
  offender: Uint8Array | undefined;
}

export interface ControlMessages {
  /** CLOCK_REALTIME, microseconds; undefined = not told. */
  atUs: number | undefined;
  ttl: number | undefined;
  /** undefined also for errors that this host itself made up. */
  icmp: IcmpError | undefined;
  /** errno of an extended error; 0 = there is none. */
  errno: number;
}

export function readControlMessages(bytes: Uint8Array, length: number): ControlMessages {
  const found: ControlMessages = { atUs: undefined, ttl: undefined, icmp: undefined, errno: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length));
  for (let at = 0; at + HEADER <= view.byteLength;) {
    const size = Number(view.getBigUint64(at, true));
    if (size < HEADER || at + size > view.byteLength) break;
    readOne(found, {
      bytes,
      view,
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      at: at + HEADER,
      end: at + size,
    });
    at += (size + 7) & ~7;
  }
  return found;
}

interface One {
  bytes: Uint8Array;
  view: DataView;
  level: number;
  type: number;
  at: number;
  end: number;
}

function readOne(found: ControlMessages, { bytes, view, level, type, at, end }: One): void {
  const room = end - at;
  if (level === SOL_SOCKET && type === SO_TIMESTAMPNS && room >= 16)
    found.atUs = Number(view.getBigInt64(at, true)) * 1e6 + Number(view.getBigInt64(at + 8, true)) / 1e3;
  else if (((level === SOL_IP && type === IP_TTL) || (level === SOL_IPV6 && type === IPV6_HOPLIMIT)) && room >= 4)
    found.ttl = view.getInt32(at, true) & 255;
  else if (
    ((level === SOL_IP && type === IP_RECVERR) || (level === SOL_IPV6 && type === IPV6_RECVERR)) &&
    room >= EXTENDED_ERROR
  ) {
    found.errno = view.getUint32(at, true);
    const origin = view.getUint8(at + 4);
    if (origin !== SO_EE_ORIGIN_ICMP && origin !== SO_EE_ORIGIN_ICMP6) return;
    const offender = readSocketAddress(bytes, at + EXTENDED_ERROR, end)?.address;
    found.icmp = { type: view.getUint8(at + 5), code: view.getUint8(at + 6), offender };
  }
}
