import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arpSpoof } from '../detectors/arp-spoof.ts';
import { bruteForce } from '../detectors/brute-force.ts';
import { flood } from '../detectors/flood.ts';
import { icmpTunnel } from '../detectors/icmp-tunnel.ts';
import { largePacket } from '../detectors/large-packet.ts';
import { longConnection } from '../detectors/long-connection.ts';
import { portScan } from '../detectors/port-scan.ts';
import { runReplay } from './run-replay.ts';

// Real captures and logs. They are not part of this repository; lab/detect/score.ts prints the whole table.
const folder = process.env['FORETOP_TEST_DATA'] ?? '';
const reason = folder === '' ? ' (skipped: FORETOP_TEST_DATA names no folder of captures)' : '';
const ofNetworks = [portScan, bruteForce, flood, largePacket, icmpTunnel, longConnection, arpSpoof];

const loud = async (name: string) => {
  const { findings, faults } = await runReplay([join(folder, name)], ofNetworks);
  expect(faults).toEqual([]);
  return findings
    .filter(({ draft }) => draft.severity !== 'low')
    .map(({ detector, draft }) => [detector.id, draft.host, draft.peer]);
};

describe.skipIf(folder === '')(`real attacks and real peace${reason}`, () => {
  test.each([
    ['pcap/scan/ppa3__synscan.pcapng', 'port-scan', '172.16.0.8', '64.13.134.52'],
    ['pcap/scan/mark__NMAP_SCAN_ANALYSIS__FIN_SCAN__FIN_SCAN.pcap', 'port-scan', '192.168.1.10', '192.168.1.25'],
    ['pcap/scan/mark__NMAP_SCAN_ANALYSIS__UDP_SCAN__UDP_SCAN.pcap', 'port-scan', '192.168.1.10', '192.168.1.25'],
    ['pcap/bruteforce/zeek__ssh__sshguess.pcap', 'brute-force', '192.168.56.103', '192.168.56.1'],
    ['pcap/arp/ppa3__arppoison.pcapng', 'arp-spoof', '172.16.0.107', '172.16.0.105'],
    ['flows/slips_port-scans_vertical_conn.log.gz', 'port-scan', '192.168.1.9', '45.33.32.156'],
  ])('%s is one finding', async (name, detector, host, peer) => {
    expect(await loud(name)).toEqual([[detector, host, peer]]);
  });

  test.each([
    'pcap/scan/malc__pcap__plugins__bro-simple-scan__445_scan.pcap',
    'pcap/scan/slips__dataset__test7-malicious.pcap',
  ])('%s is a scan of many hosts', async (name) => {
    expect(await loud(name)).toMatchObject([['port-scan', expect.any(String), expect.any(String)]]);
  });

  test.each(['pcap/benign', 'pcap/benign_dns', 'pcap/tls', 'pcap/quic', 'pcap/headers'])(
    '%s is peace',
    async (name) => {
      expect(await loud(name)).toEqual([]);
    },
  );
});
