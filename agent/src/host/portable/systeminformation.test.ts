// Rows of systeminformation, as its typings promise them and as it gives them.
import { formatAddress } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { interfaceRow, processRow, readMemory, readProcesses, socketRow } from './systeminformation.ts';

const connection = {
  ...{ protocol: 'tcp', localAddress: '127.0.0.1', localPort: '8420', peerAddress: '0.0.0.0', peerPort: '*' },
  ...{ state: 'LISTEN', pid: 12, process: 'node' },
};
const process_ = {
  ...{ pid: 7, parentPid: 1, name: 'psql', cpu: 12.5, cpuu: 0, cpus: 0, mem: 0, priority: 0, memVsz: 0, memRss: 10 },
  ...{ nice: 0, started: '2026-11-20 11:03:47', state: 'sleeping', tty: '', user: 'ada', command: 'psql' },
  ...{ params: '--password hunter2', path: '/usr/bin' },
};
const statistics = {
  ...{ iface: 'eth0', operstate: 'up', rx_bytes: 1, rx_dropped: 2, rx_errors: 3, tx_bytes: 4, tx_dropped: 5 },
  ...{ tx_errors: 6, rx_sec: 0, tx_sec: 0, ms: 0 },
};

describe('socketRow', () => {
  it.each([
    [{}, '127.0.0.1 8420 >  0 10 12'],
    [{ protocol: 'tcp6', localAddress: '::', pid: null as unknown as number }, ':: 8420 >  0 10 0'],
    [
      { localAddress: '*', state: 'ESTABLISHED', peerAddress: '[2001:db8::1]', peerPort: '443' },
      '0.0.0.0 8420 > 2001:db8::1 443 1 12',
    ],
    [
      { localAddress: '127.0.0.53%lo', protocol: 'udp', peerAddress: '192.0.2.1', peerPort: '53' },
      '127.0.0.53 8420 > 192.0.2.1 53 1 12',
    ],
    [{ state: 'CLOSE_WAIT', peerAddress: '::ffff:192.0.2.7', peerPort: '9' }, '127.0.0.1 8420 > 192.0.2.7 9 8 12'],
    [{ state: 'VERBUNDEN' }, '127.0.0.1 8420 >  0 0 12'],
  ])('%j', (over, shown) => {
    const row = socketRow({ ...connection, ...over })!;
    expect(
      `${formatAddress(row.localAddress)} ${row.localPort} > ${formatAddress(row.remoteAddress)} ${row.remotePort} ${row.state} ${row.pid}`,
    ).toBe(shown);
  });

  it.each([{ protocol: 'raw' }, { localAddress: 'localhost' }, { localPort: 'http' }, { localPort: '99999' }])(
    '%j is none',
    (over) => expect(socketRow({ ...connection, ...over })).toBeUndefined(),
  );
});

it('processRow', () => {
  expect(processRow(process_, 2)).toMatchObject({
    ...{ pid: 7, comm: 'psql', executable: '/usr/bin/psql', commandLine: 'psql --password [redacted]', state: 'S' },
    ...{ cpuPermille: 250, memoryBytes: 10_240, startedUnixUs: new Date(2026, 10, 20, 11, 3, 47).getTime() * 1e3 },
  });
  const odd = processRow({ ...process_, cpu: Number.NaN, memRss: Number.NaN, started: '', state: '?' }, 2)!;
  expect([odd.cpuPermille, odd.memoryBytes, odd.startedUnixUs, odd.state]).toEqual([
    undefined,
    undefined,
    undefined,
    '',
  ]);
  expect(processRow({ ...process_, pid: -1 }, 2)).toBeUndefined();
});

it('interfaceRow', () => {
  expect(interfaceRow(statistics, undefined)).toMatchObject({
    counted: true,
    rxBytes: 1,
    txBytes: 4,
    rxDrops: 2,
    txErrors: 6,
  });
  const odd = interfaceRow({ ...statistics, rx_errors: null as unknown as number }, undefined)!;
  expect([odd.rxErrors, odd.speedMbit, odd.mtu]).toEqual([undefined, undefined, undefined]);
  expect(interfaceRow({ ...statistics, iface: 'docker0' }, undefined)!.counted).toBe(false);
  expect(interfaceRow({ ...statistics, rx_bytes: Number.NaN }, undefined)).toBeUndefined();
});

describe.runIf(process.platform === 'linux')('on this machine', () => {
  it('finds this process and the memory', async () => {
    const own = (await readProcesses()).find((row) => row.pid === process.pid)!;
    expect(own.parentPid).toBe(process.ppid);
    expect(own.memoryBytes).toBeGreaterThan(10 << 20);
    const { usedBytes, totalBytes } = await readMemory();
    expect(usedBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(usedBytes);
  });
});
