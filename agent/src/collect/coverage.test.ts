// IP bytes of the interfaces: without link headers, each byte once, and without what was passed on.
import { expect, it } from 'vitest';
import { networkInterface } from '../../test/synthetic-ticks.ts';
import { parseForwarding } from '../host/forwarding.linux.ts';
import { Coverage } from './coverage.ts';

const card = (rxBytes: number, rxPackets: number) =>
  networkInterface('eth0', { rxBytes, rxPackets, linkType: 1, counted: true });
const forwarding = (forwardedPackets: number, receivedPackets: number, receivedBytes: number) => ({
  forwardedPackets,
  receivedPackets,
  receivedBytes,
});

it('takes a header off each packet, by the type of the link', () => {
  const coverage = new Coverage();
  const look = (bytes: number, packets: number) =>
    coverage.look(
      [
        card(bytes, packets),
        networkInterface('lo', { loopback: true, counted: false, txBytes: bytes, txPackets: packets, linkType: 772 }),
        networkInterface('wg0', { counted: false, rxBytes: bytes, rxPackets: packets, linkType: 65_534 }),
        networkInterface('docker0', { counted: false, rxBytes: bytes, rxPackets: packets, linkType: 1 }),
      ],
      undefined,
    );
  expect(look(10_000, 100)).toEqual({ interfaceBytes: 0, forwardedBytes: 0 });
  expect(look(15_000, 110)).toEqual({ interfaceBytes: 2 * (5_000 - 140) + 5_000, forwardedBytes: 0 });
});

it('takes off what was passed on, as far as its packets tell', () => {
  const coverage = new Coverage();
  coverage.look([card(0, 0)], forwarding(0, 0, 0));
  const { interfaceBytes, forwardedBytes } = coverage.look([card(101_400, 100)], forwarding(30, 100, 100_000));
  expect(forwardedBytes).toBe(30_000);
  expect(interfaceBytes).toBe(70_000);
});

it('is never less than nothing, whatever the counters do', () => {
  const coverage = new Coverage();
  coverage.look([card(50_000, 10)], forwarding(50, 100, 100_000));
  const { interfaceBytes, forwardedBytes } = coverage.look([card(10, 10)], forwarding(10, 5, 100));
  expect(interfaceBytes).toBeGreaterThanOrEqual(0);
  expect(forwardedBytes).toBe(0);
});

it('reads the kernel’s tables', () => {
  const snmp = 'Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams\nIp: 1 64 500 0 0 70\n';
  const netstat = 'TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets\nIpExt: 0 90000\n';
  const snmp6 = 'Ip6InReceives                   \t20\nIp6InOctets \t3000\nIp6OutForwDatagrams\t5\n';
  expect(parseForwarding(snmp, netstat, snmp6)).toEqual({
    ...{ forwards: true, forwardedPackets: 75, receivedPackets: 520, receivedBytes: 93_000 },
  });
  expect(parseForwarding('', '', '')).toMatchObject({ forwards: false, forwardedPackets: 0 });
});
