// A simulated host's network interfaces: lo and one that leads out.
import { formatAddress } from '@foretop/proto';
import type { InterfaceReading } from '../../agent/src/collect/tick.ts';
import type { HostAddresses } from './address-book.ts';
import type { HostDescription } from './host-facts.ts';
import type { Profile } from './profiles/profile.ts';

export interface InterfaceTotals {
  loopback: InterfaceReading;
  uplink: InterfaceReading;
  /** As of the last reading. */
  before: { loopbackRx: number; uplinkRx: number; uplinkTx: number };
}

/** Ethernet, IPv4 and TCP headers with timestamps, bytes a segment. */
const headerBytes = 66;
/** Payload of a full segment on Ethernet with TCP timestamps. */
const segmentBytes = 1_448;

export function createInterfaces(
  { interfaceName, hardwareAddress }: HostDescription,
  profile: Profile,
  own: HostAddresses,
): InterfaceTotals {
  const counters = {
    ...{ rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0, rxErrors: 0, txErrors: 0, rxDrops: 0, txDrops: 0 },
    ...{ rxRate: 0, txRate: 0, up: true },
  };
  const loopback: InterfaceReading = {
    ...counters,
    ...{ name: 'lo', loopback: true, counted: false, speedMbit: 0, mtu: 65_536 },
    addresses: ['127.0.0.1/8', '::1/128'],
    hardwareAddress: '00:00:00:00:00:00',
  };
  const uplink: InterfaceReading = {
    ...counters,
    ...{
      name: interfaceName,
      loopback: false,
      counted: true,
      speedMbit: profile.linkMbit,
      mtu: profile.uplink?.mtu ?? 1_500,
      hardwareAddress,
    },
    addresses: [`${formatAddress(own.v4)}/16`, `${formatAddress(own.v6)}/64`],
  };
  return { loopback, uplink, before: { loopbackRx: 0, uplinkRx: 0, uplinkTx: 0 } };
}

export function segmentsOf(payloadBytes: number): number {
  return Math.ceil(payloadBytes / segmentBytes);
}

/** Payload that leaves by an interface, and the acknowledgements (one for two segments) that come back. */
export function send(reading: InterfaceReading, payloadBytes: number, segments: number): void {
  reading.txBytes += payloadBytes + segments * headerBytes;
  reading.txPackets += segments;
  const acknowledgements = (segments + 1) >> 1;
  reading.rxBytes += acknowledgements * headerBytes;
  reading.rxPackets += acknowledgements;
}

/** The other side of `send`. */
export function receive(reading: InterfaceReading, payloadBytes: number, segments: number): void {
  reading.rxBytes += payloadBytes + segments * headerBytes;
  reading.rxPackets += segments;
  const acknowledgements = (segments + 1) >> 1;
  reading.txBytes += acknowledgements * headerBytes;
  reading.txPackets += acknowledgements;
}

/** Rates over the second since the last reading. */
export function readInterfaces({ loopback, uplink, before }: InterfaceTotals): InterfaceReading[] {
  loopback.rxRate = loopback.txRate = loopback.rxBytes - before.loopbackRx;
  uplink.rxRate = uplink.rxBytes - before.uplinkRx;
  uplink.txRate = uplink.txBytes - before.uplinkTx;
  before.loopbackRx = loopback.rxBytes;
  before.uplinkRx = uplink.rxBytes;
  before.uplinkTx = uplink.txBytes;
  return [loopback, uplink];
}
