// Floods of equal DNS exchanges and of scan evidence become few rows that keep their sums.
import { compressBatch, DnsKind, DnsRole, DnsTransport, openBatch, ScanKind } from '@foretop/proto';
import { buildBatches } from './batch-body.ts';
import { describe, expect, it } from 'vitest';
import { tick } from '../../test/synthetic-ticks.ts';
import type { TrackedDns } from '../collect/tick.ts';
import type { ScanReading } from '../host/engine.ts';
import { createDnsRecords } from './dns-records.ts';
import { createScanRecords } from './scan-records.ts';

function exchange(name: string, more: Partial<TrackedDns['exchange']> = {}): TrackedDns {
  return {
    ...{ pid: 5, pidStartTicks: 1, comm: 'curl' },
    exchange: {
      ...{ askedUs: 1, answered: true, latencyUs: 900, owner: undefined, rcode: 0, truncated: false, type: 1, name },
      transport: DnsTransport.DNS_TRANSPORT_UDP,
      kind: DnsKind.DNS_KIND_DNS,
      role: DnsRole.DNS_ROLE_CLIENT,
      ...{ localAddress: new Uint8Array(4), localPort: 1, peerAddress: Uint8Array.of(9, 9, 9, 9), peerPort: 53 },
      ...{ addresses: [Uint8Array.of(10, 0, 0, 1)], canonicalNames: [], ttlSeconds: 60 },
      ...{ queryBytes: 30, answerBytes: 46, cookie: 1, queries: 1 },
      ...more,
    },
  };
}

describe('DNS', () => {
  it('keeps what differs and folds what repeats', () => {
    const records = createDnsRecords();
    const dns = [
      ...Array.from({ length: 500 }, () => exchange('loop.example')),
      exchange('loop.example', { rcode: 3, addresses: [] }),
      exchange('other.example'),
    ];
    records.observe(tick(1, { dns }));
    const { rows, lost } = records.take();
    expect(lost).toBe(0);
    expect(rows).toHaveLength(22);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(502);
    expect(records.take().rows).toEqual([]);
  });

  it('counts what the cap cuts', () => {
    const records = createDnsRecords();
    records.observe(tick(1, { dns: Array.from({ length: 20_005 }, (_, i) => exchange(`n${i}.example`)) }));
    const { rows, lost } = records.take();
    expect([rows.length, lost]).toEqual([20_000, 5]);
  });
});

describe('scans', () => {
  const scan = (localPort: number, more: Partial<ScanReading> = {}): ScanReading => ({
    ...{
      kind: ScanKind.SCAN_KIND_SYN,
      sourceAddress: Uint8Array.of(1, 2, 3, 4),
      localAddress: Uint8Array.of(10, 0, 0, 1),
    },
    ...{ localPort, packets: 2, firstUs: 100 + localPort, lastUs: 200 + localPort },
    ...more,
  });

  it('are a row each while they are few, also over several looks', () => {
    const records = createScanRecords();
    records.observe(tick(1, { scans: [scan(1), scan(2)] }));
    records.observe(tick(2, { scans: [scan(1, { firstUs: 500, lastUs: 600 })] }));
    expect(records.take()).toMatchObject([
      { localPort: 1, ports: 1, packets: 4, startUs: 101, endUs: 600 },
      { localPort: 2, ports: 1, packets: 2 },
    ]);
    expect(records.take()).toEqual([]);
  });

  it('of many ports of one source are one row', () => {
    const records = createScanRecords();
    records.observe(tick(1, { scans: Array.from({ length: 1_000 }, (_, port) => scan(port + 1)) }));
    expect(records.take()).toEqual([
      {
        ...{ kind: ScanKind.SCAN_KIND_SYN, sourceAddress: Uint8Array.of(1, 2, 3, 4) },
        ...{ localAddress: Uint8Array.of(10, 0, 0, 1), localPort: 0, ports: 1_000, packets: 2_000 },
        ...{ startUs: 101, endUs: 1_200 },
      },
    ]);
  });

  it('that are half-open connections go in a field of their own, which older collectors pass over', () => {
    const records = createScanRecords();
    records.observe(tick(1, { scans: [scan(80), scan(80, { kind: ScanKind.SCAN_KIND_HALF_OPEN, packets: 500 })] }));
    const empty = { gaps: [], processes: [], segments: [], processMinutes: [], metrics: [], dnsExchanges: [] };
    const [batch] = buildBatches({ ...empty, scans: records.take() }, { bootId: new Uint8Array(16), nowUs: 1_000 });
    const { scans, halfOpen } = openBatch(compressBatch(batch!.body), batch!.body.length);
    expect(scans).toMatchObject([{ kind: ScanKind.SCAN_KIND_SYN, localPort: 80, packets: 2 }]);
    expect(halfOpen).toMatchObject([{ kind: ScanKind.SCAN_KIND_HALF_OPEN, localPort: 80, packets: 500 }]);
  });

  it('of forged sources are bounded, and no packet is forgotten', () => {
    const records = createScanRecords();
    const forged = (i: number) => Uint8Array.of(i >> 24, i >> 16, i >> 8, i);
    for (let look = 0; look < 10; look++) {
      const scans = Array.from({ length: 1_000 }, (_, i) => scan(80, { sourceAddress: forged(look * 1_000 + i + 1) }));
      records.observe(tick(look + 1, { scans }));
    }
    const rows = records.take();
    expect(rows.length).toBeLessThan(1_100);
    expect(rows.reduce((sum, { packets }) => sum + packets, 0)).toBe(20_000);
  });
});
