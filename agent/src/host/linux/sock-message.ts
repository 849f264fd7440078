// The kernel's description of one socket (`struct inet_diag_msg` and its tcp_info), read into a record that is used again and again.

/** Offsets and names as in linux/inet_diag.h and linux/tcp.h (Linux 6.18); all integers in the host's byte order but ports. */
export interface SocketMessage {
  cookie: number;
  family: number;
  protocol: number;
  state: number;
  localPort: number;
  remotePort: number;
  /** The address words as they lie in memory: one for IPv4, four for IPv6. */
  local: Uint32Array;
  remote: Uint32Array;
  rqueue: number;
  wqueue: number;
  uid: number;
  inode: number;
  /** Bytes of tcp_info that the kernel gave; 0 = none (UDP, TIME_WAIT, request sockets). */
  infoBytes: number;
  infoState: number;
  unacked: number;
  rttUs: number;
  totalRetrans: number;
  bytesAcked: number;
  bytesReceived: number;
  dataSegsIn: number;
  dataSegsOut: number;
  bytesSent: number;
  bytesRetrans: number;
}

const INET_DIAG_MSG = 72;
const INET_DIAG_INFO = 2;

// How much of tcp_info must be there for a field: bytes_acked and bytes_received since 4.1, data_segs since 4.6, bytes_sent since 4.19.
export const infoThrough = { retrans: 104, bytesReceived: 136, dataSegs: 160, bytesRetrans: 216 } as const;

export function createSocketMessage(): SocketMessage {
  return {
    cookie: 0,
    family: 0,
    protocol: 0,
    state: 0,
    localPort: 0,
    remotePort: 0,
    local: new Uint32Array(4),
    remote: new Uint32Array(4),
    rqueue: 0,
    wqueue: 0,
    uid: 0,
    inode: 0,
    infoBytes: 0,
    infoState: 0,
    unacked: 0,
    rttUs: 0,
    totalRetrans: 0,
    bytesAcked: 0,
    bytesReceived: 0,
    dataSegsIn: 0,
    dataSegsOut: 0,
    bytesSent: 0,
    bytesRetrans: 0,
  };
}

/** Reads the message in [offset, end) into `into`; false when it is too short to be one. */
export function readSocketMessage(
  words: Uint32Array,
  bytes: Uint8Array,
  offset: number,
  end: number,
  protocol: number,
  into: SocketMessage,
): boolean {
  if (end - offset < INET_DIAG_MSG) return false;
  const word = offset >> 2;
  into.protocol = protocol;
  into.family = bytes[offset]!;
  into.state = bytes[offset + 1]!;
  into.localPort = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
  into.remotePort = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
  for (let i = 0; i < 4; i++) {
    into.local[i] = words[word + 2 + i]!;
    into.remote[i] = words[word + 6 + i]!;
  }
  into.cookie = words[word + 11]! + words[word + 12]! * 2 ** 32;
  into.rqueue = words[word + 14]!;
  into.wqueue = words[word + 15]!;
  into.uid = words[word + 16]!;
  into.inode = words[word + 17]!;
  readAttributes(words, offset + INET_DIAG_MSG, end, into);
  return true;
}

function readAttributes(words: Uint32Array, from: number, end: number, into: SocketMessage): void {
  into.infoBytes = 0;
  let at = from;
  while (at + 4 <= end) {
    const header = words[at >> 2]!;
    const length = header & 0xffff;
    if (length < 4 || at + length > end) return;
    if (header >>> 16 === INET_DIAG_INFO) readTcpInfo(words, at + 4, length - 4, into);
    at += (length + 3) & ~3;
  }
}

/** Fields beyond what this kernel gives are 0; `infoBytes` tells which those are. */
function readTcpInfo(words: Uint32Array, offset: number, length: number, into: SocketMessage): void {
  if (length < infoThrough.retrans) return;
  const word = offset >> 2;
  into.infoBytes = length;
  into.infoState = words[word]! & 0xff;
  into.unacked = words[word + 6]!;
  into.rttUs = words[word + 17]!;
  into.totalRetrans = words[word + 25]!;
  const hasBytes = length >= infoThrough.bytesReceived;
  into.bytesAcked = hasBytes ? words[word + 30]! + words[word + 31]! * 2 ** 32 : 0;
  into.bytesReceived = hasBytes ? words[word + 32]! + words[word + 33]! * 2 ** 32 : 0;
  const hasSegments = length >= infoThrough.dataSegs;
  into.dataSegsIn = hasSegments ? words[word + 38]! : 0;
  into.dataSegsOut = hasSegments ? words[word + 39]! : 0;
  const hasSent = length >= infoThrough.bytesRetrans;
  into.bytesSent = hasSent ? words[word + 50]! + words[word + 51]! * 2 ** 32 : 0;
  into.bytesRetrans = hasSent ? words[word + 52]! + words[word + 53]! * 2 ** 32 : 0;
}
