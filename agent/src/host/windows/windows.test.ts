// Output of Windows' tools, odd rows included, into rows.
import { formatAddress } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { fixtureText } from '../../../test/fixture-text.ts';
import type { SocketRow } from '../portable/readings.ts';
import { parseCimProcesses } from './cim-processes.ts';
import { parseMachineGuid } from './identity.ts';
import { parseNetAdapters } from './net-adapters.ts';
import { parseNetConnections } from './net-connections.ts';
import { parseNetstat } from './netstat.ts';

const brief = (row: SocketRow) =>
  `${row.protocol} ${formatAddress(row.localAddress)} ${row.localPort} > ${formatAddress(row.remoteAddress)} ${row.remotePort} ${row.state} ${row.pid}`;

describe('Get-NetTCPConnection and Get-NetUDPEndpoint', () => {
  it('gives sockets in kernel numbers; bound, deleted and damaged rows are none', () => {
    const rows = parseNetConnections(fixtureText('windows-11/net-connections.json'));
    expect(rows.map(brief)).toEqual([
      '6 0.0.0.0 135 >  0 10 1096',
      '6 :: 135 >  0 10 1096',
      '6 ::1 49700 >  0 10 4',
      '6 192.0.2.30 50123 > 198.51.100.20 443 1 7788',
      '6 fe80::1234:5678:9abc:def0 50200 > fe80::1 445 8 4',
      '6 2001:db8::30 50300 > 2001:db8::99 443 2 7788',
      '6 192.0.2.30 50301 > 198.51.100.21 8443 1 7788',
      '6 192.0.2.30 50100 > 198.51.100.20 443 6 0',
      '17 0.0.0.0 5353 >  0 7 2100',
      '17 0.0.0.0 5353 >  0 7 7788',
      '17 fe80::1234:5678:9abc:def0 1900 >  0 7 2100',
    ]);
    expect(rows[3]!.startedUnixUs).toBe(Date.UTC(2026, 10, 20, 11, 5, 0, 123) * 1e3);
    expect(rows[7]).toMatchObject({ instance: '' });
    expect(rows[7]!.startedUnixUs).toBeUndefined();
    expect(rows[3]!.rxBytes).toBeUndefined();
  });

  it('takes a single row without brackets and dates of Windows PowerShell 5.1', () => {
    const rows = parseNetConnections(fixtureText('windows-server-2022/net-connections.json'));
    expect(rows.map(brief)).toEqual(['6 0.0.0.0 3389 >  0 10 1048']);
    expect(rows[0]!.startedUnixUs).toBe(1_763_622_000_500_000);
  });

  it.each(['', '[1]', '{"tcp":[{"LocalAddr', 'Get-NetTCPConnection : Access denied'])('refuses "%s"', (text) =>
    expect(() => parseNetConnections(text)).toThrow(/a JSON object is required/),
  );
});

describe('netstat -ano', () => {
  it('reads English', () => {
    expect(parseNetstat(fixtureText('windows-server-2022/netstat-ano.txt')).map(brief)).toEqual([
      '6 0.0.0.0 3389 >  0 10 1048',
      '6 192.0.2.40 3389 > 198.51.100.30 61000 1 1048',
      '6 192.0.2.40 50000 > 198.51.100.31 443 2 2200',
      '6 192.0.2.40 50001 > 198.51.100.31 443 6 0',
      '6 192.0.2.40 50002 > 198.51.100.31 443 8 2200',
      '6 :: 3389 >  0 10 1048',
      '17 0.0.0.0 123 >  0 7 900',
    ]);
  });

  it('knows listeners in any language, other states as unknown', () => {
    expect(parseNetstat(fixtureText('windows-11/netstat-ano-de.txt')).map(brief)).toEqual([
      '6 0.0.0.0 135 >  0 10 1096',
      '6 192.0.2.30 50123 > 198.51.100.20 443 0 7788',
      '6 192.0.2.30 50100 > 198.51.100.20 443 0 0',
      '6 :: 135 >  0 10 1096',
      '6 fe80::1234:5678 50200 > fe80::1 445 0 4',
      '17 0.0.0.0 5353 >  0 7 2100',
      '17 ::1 1900 >  0 7 2100',
    ]);
    expect(() => parseNetstat('Der Vorgang erfordert erhöhte Rechte.')).toThrow(/rows of TCP and UDP are required/);
  });
});

describe('Win32_Process', () => {
  it('gives times, sizes and redacted command lines; what is null stays unknown', () => {
    const rows = parseCimProcesses(fixtureText('windows-11/cim-processes.json'));
    expect(rows.map(({ pid, comm, cpuUs, threads }) => [pid, comm, cpuUs, threads])).toEqual([
      [4, 'System', 45_600_000, 200],
      [1096, 'svchost.exe', 375_000, 12],
      [7788, 'mysql.exe', 4_000_000, 9],
      [2100, 'bÿe\u0000r.exe', undefined, undefined],
    ]);
    expect(rows[2]!.commandLine).toBe(
      'C:\\Program Files\\Sea Base\\mysql.exe -p[redacted] --host=db one --password [redacted]',
    );
    expect(rows[2]).toMatchObject({
      memoryBytes: 52_428_800,
      startedUnixUs: Date.UTC(2026, 10, 20, 11, 0, 0, 250) * 1e3,
    });
    expect(rows[3]).toMatchObject({ executable: '', commandLine: '' });
    expect(rows[3]!.memoryBytes).toBeUndefined();
    expect(parseCimProcesses(fixtureText('windows-server-2022/cim-processes.json'))).toHaveLength(1);
  });
});

describe('Get-NetAdapterStatistics', () => {
  it('joins counters with adapters; one without counters is left out, a sum of unknowns is unknown', () => {
    const rows = parseNetAdapters(fixtureText('windows-11/net-adapters.json'));
    expect(rows.map(({ name, up, counted, rxBytes, txPackets }) => [name, up, counted, rxBytes, txPackets])).toEqual([
      ['Ethernet', true, true, 48_657_563_363, 911],
      ['vEthernet (Default Switch)', true, false, 5000, undefined],
      ['Fremd', false, false, 1, 911],
    ]);
    expect(rows[0]).toMatchObject({
      ...{ rxPackets: 1023, rxErrors: 6, txErrors: 7, rxDrops: 4, txDrops: 5 },
      ...{ speedMbit: 1000, mtu: 1500, hardwareAddress: '02:00:5e:20:00:01' },
    });
  });
});

it('finds the id of the machine', () => {
  expect(parseMachineGuid(fixtureText('windows-11/reg-machine-guid.txt'))).toBe('0a1b2c3d-0000-4444-aaaa-0123456789ab');
  expect(parseMachineGuid('FEHLER: Zugriff verweigert')).toBeUndefined();
});
