// A packet socket that hands over a few packets of interest of all interfaces, from their network header on.
import type { Instruction } from '@foretop/proto/bpf';
import { PACKET_OUTGOING } from './classic-bpf.ts';
import { type Libc, openLibc } from './libc.ts';
import { packetFilter } from './packet-filter.ts';
import { head, PacketRing } from './packet-ring.ts';

const ring = { interface: 0, isCooked: true, blockBytes: 64 << 10, blocks: 16, retireMs: 30 } as const;

export interface SeenPacket {
  /** From its network header on; valid only during the call. */
  bytes: Uint8Array;
  outgoing: boolean;
  /** CLOCK_REALTIME. */
  wallUs: number;
}

export interface PacketSocket extends Disposable {
  /** Hands on what has come, without waiting. @returns how many. */
  drain(visit: (packet: SeenPacket) => void): number;
  /** Packets that found no room, since the start. */
  dropped(): number;
}

/** Throws HostError, EPERM without CAP_NET_RAW. */
export function openPacketSocket(
  libc: Libc = openLibc(),
  program: readonly Instruction[] = packetFilter,
): PacketSocket {
  const packets = new PacketRing(libc, { ...ring, program });
  return {
    drain(visit) {
      let count = 0;
      packets.drain((at) => {
        count++;
        visit(seenAt(packets, at));
      });
      return count;
    },
    dropped: () => packets.counts().dropped,
    [Symbol.dispose]: () => packets[Symbol.dispose](),
  };
}

function seenAt({ bytes, view }: PacketRing, at: number): SeenPacket {
  const start = at + view.getUint16(at + head.network, true);
  const nanoseconds = view.getUint32(at + head.nanoseconds, true);
  return {
    bytes: bytes.subarray(start, start + view.getUint32(at + head.kept, true)),
    outgoing: bytes[at + head.packetType] === PACKET_OUTGOING,
    wallUs: view.getUint32(at + head.seconds, true) * 1e6 + Math.floor(nanoseconds / 1e3),
  };
}
