// How much of what passed the interfaces was seen at sockets: the sums whose ratio is the coverage.
//
// An interface counts frames; a link header a packet is taken off. Counted are lo and those that make the host's rate, and of
// others the tunnels, since their packets pass sockets too; not bridges, veth pairs and bond slaves, whose packets pass another
// interface as well. What remains approximate: frames that hold no IP (ARP, LLDP) count as uncovered, a segment that the card
// cuts into packets counts one header here and one a packet at the socket, and of forwarded traffic only the packets are
// counted by the kernel, so that their bytes are its packets times the mean size of all that came in.
import { counterDelta } from '../host/counter.ts';
import type { ForwardingCounters } from '../host/forwarding.linux.ts';
import type { InterfaceReading } from './tick.ts';

// include/uapi/linux/if_arp.h
const ARPHRD_ETHER = 1;
const ARPHRD_INFINIBAND = 32;
const ARPHRD_LOOPBACK = 772;
const tunnels = new Set([
  512 /* PPP */, 768 /* TUNNEL */, 769 /* TUNNEL6 */, 776 /* SIT */, 778 /* GRE */, 823, 65_534,
]);
const ETHERNET_HEADER = 14;
const INFINIBAND_HEADER = 4;

type Counters = Pick<InterfaceReading, 'rxBytes' | 'txBytes' | 'rxPackets' | 'txPackets'>;

export class Coverage {
  #previous = new Map<string, Counters>();
  #forwarding: ForwardingCounters | undefined;
  #interfaceBytes = 0;
  #forwardedBytes = 0;

  /** Totals since the first look. */
  look(
    interfaces: readonly InterfaceReading[],
    forwarding: ForwardingCounters | undefined,
  ): { interfaceBytes: number; forwardedBytes: number } {
    const carrying = interfaces.filter(carriesOwnPackets);
    let bytes = 0;
    for (const now of carrying) {
      const before = this.#previous.get(now.name);
      if (before) bytes += ipBytes(before, now);
    }
    this.#previous = new Map(carrying.map((reading) => [reading.name, reading]));
    const crossings = carrying.filter(({ loopback, up }) => !loopback && up).length > 1 ? 2 : 1;
    const forwarded = Math.min(bytes, this.#forwarded(forwarding) * crossings);
    this.#interfaceBytes += bytes - forwarded;
    this.#forwardedBytes += forwarded;
    return { interfaceBytes: this.#interfaceBytes, forwardedBytes: this.#forwardedBytes };
  }

  #forwarded(now: ForwardingCounters | undefined): number {
    const before = this.#forwarding;
    this.#forwarding = now;
    if (!before || !now) return 0;
    const received = now.receivedPackets - before.receivedPackets;
    if (received <= 0) return 0;
    const meanBytes = (now.receivedBytes - before.receivedBytes) / received;
    return Math.max(0, Math.round((now.forwardedPackets - before.forwardedPackets) * meanBytes));
  }
}

function carriesOwnPackets({ loopback, counted, linkType }: InterfaceReading): boolean {
  return loopback || counted || (linkType !== undefined && tunnels.has(linkType));
}

function ipBytes(before: Counters, { linkType = ARPHRD_ETHER, ...now }: InterfaceReading): number {
  const grown = (name: keyof Counters) => counterDelta(before[name], now[name]);
  const packets = grown('rxPackets') + grown('txPackets');
  return Math.max(0, grown('rxBytes') + grown('txBytes') - packets * headerBytes(linkType));
}

function headerBytes(linkType: number): number {
  if (linkType === ARPHRD_ETHER || linkType === ARPHRD_LOOPBACK) return ETHERNET_HEADER;
  return linkType === ARPHRD_INFINIBAND ? INFINIBAND_HEADER : 0;
}
