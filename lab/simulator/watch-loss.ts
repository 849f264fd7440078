// What a simulated host's agent does not see: a little of the traffic, now and then an event; and who knocks at its closed ports.
import { ScanKind } from '@foretop/proto';
import type { CoverageReading } from '../../agent/src/collect/tick.ts';
import { internetAddress } from './address-book.ts';
import type { SimulatedHost } from './host.ts';

/** Ethernet's header, and the one that lo has in its place. */
const linkHeaderBytes = 14;

/** Counters of IP bytes as of now. Unprivileged agents count none at sockets. */
export function readCoverage(host: SimulatedHost): CoverageReading {
  const { loopback, uplink } = host.interfaces;
  const ipBytes = [loopback, uplink].reduce(
    (sum, { rxBytes, txBytes, rxPackets, txPackets }) =>
      sum + rxBytes + txBytes - linkHeaderBytes * (rxPackets + txPackets),
    0,
  );
  const { seen } = host;
  const carried = ipBytes - seen.interfaceBytes;
  seen.interfaceBytes = ipBytes;
  // All but some control packets of sockets that are gone.
  seen.socketBytes += Math.round(carried * (1 - 0.004 * host.random.unit()));
  seen.permille = carried === 0 ? seen.permille : Math.round((seen.socketBytes / ipBytes) * 1_000);
  const { interfaceBytes, socketBytes } = seen;
  return { interfaceBytes, socketBytes: host.description.tier < 3 ? socketBytes : undefined, forwardedBytes: 0 };
}

const kinds = [
  ScanKind.SCAN_KIND_SYN,
  ScanKind.SCAN_KIND_SYN,
  ScanKind.SCAN_KIND_SYN,
  ScanKind.SCAN_KIND_UDP,
  ScanKind.SCAN_KIND_FIN,
  ScanKind.SCAN_KIND_NULL,
  ScanKind.SCAN_KIND_XMAS,
] as const;
const wellKnown = [21, 22, 23, 25, 445, 1_433, 3_306, 3_389, 5_900, 8_080] as const;

/** One second of a noisy host: now and then somebody tries a port or sweeps many, and the kernel drops events in bursts. */
export function disturb(host: SimulatedHost, nowUs: number): void {
  const { random } = host;
  if (random.chance(0.02)) host.totals.eventsLost += 1 + random.below(40);
  if (!random.chance(0.15)) return;
  const sourceAddress = internetAddress(random, false);
  const kind = random.pick(kinds);
  const ports = random.chance(0.1) ? 200 : 1 + random.below(3);
  const lastUs = host.boottimeUs(nowUs);
  for (let n = 0; n < ports; n++) {
    const localPort = ports > 3 ? 1_024 + n : random.pick(wellKnown);
    const packets = 1 + random.below(4);
    host.totals.scanPackets += packets;
    const localAddress = host.addresses.v4;
    host.scans.push({ kind, sourceAddress, localAddress, localPort, packets, firstUs: lastUs, lastUs });
  }
}
