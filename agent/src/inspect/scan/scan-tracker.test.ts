import { ScanKind } from '@foretop/proto';
import { expect, test } from 'vitest';
import { type Probe, ScanTracker } from './scan-tracker.ts';

const probe = (overrides: Partial<Probe>): Probe => ({
  kind: ScanKind.SCAN_KIND_SYN,
  source: '192.0.2.66',
  destination: '192.0.2.1',
  port: 22,
  packets: 1,
  firstUs: 10,
  lastUs: 20,
  ...overrides,
});

function scansOf(probes: Partial<Probe>[]) {
  const tracker = new ScanTracker();
  for (const one of probes) tracker.add(probe(one));
  return tracker.scans();
}

test('many ports of one host', () => {
  const scans = scansOf([...Array(100).keys()].map((port) => ({ port, packets: 2, firstUs: port, lastUs: port + 1 })));
  expect(scans).toMatchObject([
    { destinations: ['192.0.2.1'], destinationCount: 1, portCount: 100, packets: 200, firstUs: 0, lastUs: 100 },
  ]);
  expect(scans[0]!.ports.length).toBe(64);
});

test('one port of many hosts', () => {
  const scans = scansOf([...Array(9).keys()].map((host) => ({ destination: `192.0.2.${host}`, port: 445 })));
  expect(scans).toMatchObject([{ destinationCount: 9, ports: [445], portCount: 1 }]);
});

test('a few failed connections are no scan, three packets that no program sends are', () => {
  const ports = [1, 2, 3];
  expect(scansOf(ports.map((port) => ({ port })))).toEqual([]);
  expect(scansOf(ports.map((port) => ({ port, kind: ScanKind.SCAN_KIND_XMAS })))).toHaveLength(1);
});

test('the same port again is one target', () => {
  expect(scansOf(Array.from({ length: 50 }, () => ({})))).toEqual([]);
});

test('sources are bounded and what is left out is counted', () => {
  const tracker = new ScanTracker();
  for (let number = 0; number < 5_000; number++) tracker.add(probe({ source: String(number) }));
  expect(tracker.dropped).toBe(5_000 - 4_096);
});
