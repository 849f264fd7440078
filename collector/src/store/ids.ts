// The 64-bit ids of connections and processes: keyed hashes of what identifies them on their host, the same in history and live.
import { type Hash64, sipHash24, sipKey } from './siphash.ts';

export type { Hash64 } from './siphash.ts';

export interface Ids {
  /** UDP sockets talk to many peers, so there the peer is part of the identity. A kernel's cookies are unique within a boot. */
  connection(
    hostId: number,
    bootId: Uint8Array,
    protocol: number,
    cookie: number,
    remoteAddress: Uint8Array,
    remotePort: number,
  ): Hash64;
  /** A pid alone is reused; (boot, pid, start time) is not. */
  process(hostId: number, bootId: Uint8Array, pid: number, startTicks: number): Hash64;
  /** Of the first row of a sealed batch; the rows after it have the numbers after it. The same when the batch comes again. */
  firstRow(hostId: number, epoch: Uint8Array, sequence: number): Hash64;
}

/** The id of the row `index` rows after the first of its batch. */
export const rowAfter = ({ high, low }: Hash64, index: number): Hash64 => ({ high, low: (low + index) | 0 });

const udp = 17;
/** Kind, host, boot, cookie, address, port. */
const longest = 1 + 4 + 16 + 8 + 16 + 2;

export function createIds(hashKey: Uint8Array): Ids {
  const key = sipKey(hashKey);
  const bytes = new Uint8Array(longest);
  const view = new DataView(bytes.buffer);

  const begin = (kind: number, hostId: number, bootId: Uint8Array): void => {
    if (bootId.length !== 16) throw new RangeError(`boot id has ${bootId.length} bytes, expected 16`);
    bytes[0] = kind;
    view.setUint32(1, hostId);
    bytes.set(bootId, 5);
  };

  return {
    connection(hostId, bootId, protocol, cookie, remoteAddress, remotePort) {
      begin(1, hostId, bootId);
      setUint64(view, 21, cookie);
      if (protocol !== udp || remoteAddress.length === 0) return sipHash24(key, view, 29);
      bytes.set(remoteAddress, 29);
      view.setUint16(29 + remoteAddress.length, remotePort);
      return sipHash24(key, view, 31 + remoteAddress.length);
    },
    process(hostId, bootId, pid, startTicks) {
      begin(2, hostId, bootId);
      view.setUint32(21, pid);
      setUint64(view, 25, startTicks);
      return sipHash24(key, view, 33);
    },
    firstRow(hostId, epoch, sequence) {
      bytes[0] = 3;
      view.setUint32(1, hostId);
      bytes.set(epoch, 5);
      setUint64(view, 13, sequence);
      return sipHash24(key, view, 21);
    },
  };
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value >>> 0);
}

/** `<hostId>-<16 hex digits>`, as the API writes ids. */
export function idText(hostId: number, id: Hash64): string {
  return `${hostId}-${hexOf(id)}`;
}

/** 16 hex digits. */
export const hexOf = ({ high, low }: Hash64): string => hex8(high) + hex8(low);
const hex8 = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
