// Output of macOS's tools, odd lines included, into rows.
import { formatAddress } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { fixtureText } from '../../../test/fixture-text.ts';
import type { SocketRow } from '../portable/readings.ts';
import { parseBootSession, parsePlatformUuid, parseSystemVersion } from './identity.ts';
import { parseLsof } from './lsof.ts';
import { parseNetstatInterfaces } from './netstat-interfaces.ts';
import { parseNetstatSockets } from './netstat-sockets.ts';
import { parseNettop } from './nettop.ts';
import { parsePs } from './ps.ts';

const brief = (row: SocketRow) =>
  `${row.protocol} ${formatAddress(row.localAddress)} ${row.localPort} > ${formatAddress(row.remoteAddress)} ${row.remotePort} ${row.state} ${row.pid}`;

describe('netstat -anlWv', () => {
  it('reads the layout with pid and epid', () => {
    const rows = parseNetstatSockets(fixtureText('macos-14/netstat-anlWv.txt'));
    expect(rows.map(brief)).toEqual([
      '6 192.0.2.10 52100 > 198.51.100.7 443 1 501',
      '6 fe80::1c98:eeba:57c2:d2da 52101 > fe80::2 8770 8 640',
      '6 2001:db8::10 52102 > 2001:db8:ffff::5 443 5 501',
      '6 127.0.0.1 5432 > 127.0.0.1 52103 1 901',
      '6 127.0.0.1 52103 > 127.0.0.1 5432 1 777',
      '6 127.0.0.1 5432 >  0 10 901',
      '6 :: 49201 >  0 10 612',
      '6 192.0.2.10 52099 > 198.51.100.8 80 6 501',
      // A word that nobody knows.
      '6 192.0.2.10 52098 > 198.51.100.8 81 0 501',
      '17 0.0.0.0 5353 >  0 7 272',
      '17 :: 5353 >  0 7 272',
      '17 192.0.2.10 63657 > 198.51.100.7 443 1 501',
    ]);
    expect(rows[0]).toMatchObject({ rxBytes: 121_046, txBytes: 3_959_109, instance: '00000000000a1b2c' });
    expect(rows[5]).not.toHaveProperty('rxBytes');
  });

  it('reads the layout with process:pid, whose names hold spaces and colons', () => {
    const rows = parseNetstatSockets(fixtureText('macos-15/netstat-anlWv.txt'));
    expect(rows.map(brief)).toEqual([
      '6 192.0.2.20 53005 > 198.51.100.10 443 1 23680',
      '6 192.0.2.20 53107 > 198.51.100.11 443 1 661',
      '6 fe80::aede:48ff:fe00:1122 50001 > fe80::1 9000 2 700',
      '17 192.0.2.20 63657 > 198.51.100.10 443 1 94258',
      '6 :: 38123 >  0 10 59043',
      '6 127.0.0.1 58400 >  0 10 57295',
    ]);
    expect(rows.map((row) => row.instance)).toContain('0000000000077161');
  });

  it('knows no bytes where the system has no columns for them', () => {
    const text = [
      'Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)      rhiwat  shiwat    pid   epid state  options           gencnt    flags',
      'tcp4       0      0  127.0.0.1.60348        127.0.0.1.8001         ESTABLISHED  408300  146988  24807  24804 00102 00020000 0000000000275879 10180081',
      'tcp4       0      0  127.0.0.1.8001         *.*                    LISTEN       131072  131072  34323      0 00100 00000106',
    ].join('\n');
    const [connection, listener] = parseNetstatSockets(text);
    expect(connection).toMatchObject({ pid: 24_807, instance: '0000000000275879', state: 1 });
    expect(connection!.rxBytes).toBeUndefined();
    expect(listener).toMatchObject({ pid: 34_323, instance: '' });
  });

  it.each([
    '',
    'netstat: sysctl: net.inet.tcp.pcblist_n: Operation not permitted',
    'Proto Recv-Q Send-Q Local Foreign',
  ])('refuses "%s"', (text) => expect(() => parseNetstatSockets(text)).toThrow(/a header with "pid" is required/));

  it('survives every cut', () => {
    const text = fixtureText('macos-15/netstat-anlWv.txt');
    const whole = parseNetstatSockets(text).map(brief);
    const header = text.indexOf('tcp4');
    for (let at = header; at < text.length; at += 7) {
      const rows = parseNetstatSockets(text.slice(0, at)).map(brief);
      expect(rows).toEqual(whole.slice(0, rows.length));
    }
  });
});

describe('nettop', () => {
  it('gives bytes by flow under its process, once for a socket on several interfaces', () => {
    const flows = parseNettop(fixtureText('macos-14/nettop.csv'));
    expect(flows.map(({ pid, flow, rxBytes, txBytes }) => [pid, flow, rxBytes, txBytes])).toEqual([
      [272, 'udp6 *.5353<->*.*', 7000, 8000],
      [272, 'udp4 *:5353<->*:*', 5000, 6000],
      [501, 'tcp4 192.0.2.10:52100<->198.51.100.7:443', 121_046, 3_959_109],
      [501, 'udp4 192.0.2.10:63657<->198.51.100.7:443', 2_415_188, 588_764],
      [501, 'tcp6 2001:db8::10.52102<->2001:db8:ffff::5.443', 1000, 2000],
      [640, 'tcp6 fe80::1c98:eeba:57c2:d2da%en0.52101<->fe80::2%en0.8770', 12, 34],
      [901, 'tcp4 127.0.0.1:5432<->127.0.0.1:52103', 700, 900],
    ]);
    expect(flows[0]).not.toHaveProperty('ends');
    expect(flows[2]).toMatchObject({ rttUs: 108_530, ends: { protocol: 6, localPort: 52_100, remotePort: 443 } });
    expect(formatAddress(flows[5]!.ends!.remoteAddress)).toBe('fe80::2');
    expect(flows[6]!.rttUs).toBe(60);
  });

  it('takes one sample, names with commas, a decimal comma; passes over what is no count or address', () => {
    const flows = parseNettop(fixtureText('macos-15/nettop.csv'));
    expect(flows.map(({ pid, rxBytes, rttUs, ends }) => [pid, rxBytes, rttUs, ends?.remotePort])).toEqual([
      [23_680, 121_046, 31_250, 443],
      [661, 157_106_582, 8000, 443],
      // A host name stands for the address: counted for the process alone.
      [661, 10, 8000, undefined],
    ]);
  });

  it('refuses output without header', () => {
    expect(() => parseNettop('nettop: NStatManagerCreate failed\n')).toThrow(/a header with bytes_in is required/);
  });
});

describe('lsof -F', () => {
  it('gives each socket once, with its first holder, and a listener with each of its own', () => {
    expect(parseLsof(fixtureText('macos-14/lsof.txt')).map(brief)).toEqual([
      '17 0.0.0.0 5353 >  0 7 272',
      '17 :: 5353 >  0 7 272',
      '6 192.0.2.10 52100 > 198.51.100.7 443 1 501',
      '6 2001:db8::10 52102 > 2001:db8:ffff::5 443 5 501',
      '6 127.0.0.1 5432 >  0 10 901',
      '6 127.0.0.1 5432 >  0 10 905',
      '6 127.0.0.1 5432 > 127.0.0.1 52103 1 905',
      // Cut off in its port: without state it cannot be told from a whole one.
      '6 192.0.2.10 5210 >  0 0 999',
    ]);
  });
});

describe('netstat -ibdnW', () => {
  it('takes the link rows, with and without hardware address, and passes over cut ones', () => {
    const rows = parseNetstatInterfaces(fixtureText('macos-14/netstat-ibdnW.txt'));
    expect(rows.map(({ name, up, counted, rxBytes, txBytes }) => [name, up, counted, rxBytes, txBytes])).toEqual([
      ['lo0', true, false, 1_012_235_415, 1_012_235_415],
      ['gif0', false, false, 0, 0],
      ['en0', true, true, 48_657_563_363, 3_889_404_978],
      ['en5', false, true, 0, 0],
      ['awdl0', true, false, 60_000_000, 50_000_000],
      ['utun0', true, false, 0, 80],
      ['utun4', true, false, 1_200_000, 900_000],
    ]);
    expect(rows[2]).toMatchObject({
      rxErrors: 3,
      txErrors: 1,
      txDrops: 17,
      mtu: 1500,
      hardwareAddress: '02:00:5e:10:00:01',
    });
    expect(rows[2]!.rxDrops).toBeUndefined();
    expect(rows[6]!.txDrops).toBeUndefined();
    expect(() => parseNetstatInterfaces('netstat: illegal option')).toThrow(/"Name Mtu Network" is required/);
  });
});

describe('ps', () => {
  const rows = parsePs(fixtureText('macos-14/ps.txt'), fixtureText('macos-14/ps-commands.txt'));

  it('gives start, CPU time, memory and path', () => {
    expect(rows.map(({ pid, comm, state, cpuUs }) => [pid, comm, state, cpuUs])).toEqual([
      [1, 'launchd', 'S', 754_560_000],
      [272, 'mDNSResponder', 'S', 5_100_000],
      [501, 'com.apple.WebKit.Networking', 'S', 93_784_500_000],
      [640, 'sharingd', 'D', 1_500_000],
      [777, 'psql', 'R', 20_000],
      [901, 'postgres', 'S', 3_600_000_000],
      [950, '(defunct)', 'Z', 0],
    ]);
    expect(rows[5]).toMatchObject({
      executable: '/Applications/Data Base.app/Contents/MacOS/postgres',
      uid: 502,
      user: '_postgres',
      memoryBytes: 65_536 * 1024,
      startedUnixUs: new Date(2026, 10, 16, 8, 1, 0).getTime() * 1e3,
    });
  });

  it('redacts command lines, and says nothing where a process went in between', () => {
    expect(rows[4]!.commandLine).not.toContain('s3cret');
    expect(rows[4]!.commandLine).toContain('psql postgres://ada:[redacted]@127.0.0.1');
    expect(rows[2]!.commandLine).toBe('');
  });
});

it('ids and version', () => {
  expect(parsePlatformUuid(fixtureText('macos-14/ioreg.txt'))).toBe('0A1B2C3D-0000-5555-AAAA-0123456789AB');
  expect(parsePlatformUuid('')).toBeUndefined();
  expect(parseBootSession(fixtureText('macos-14/bootsessionuuid.txt'))).toHaveLength(16);
  expect(parseBootSession('sysctl: unknown oid')).toBeUndefined();
  expect(parseSystemVersion(fixtureText('macos-14/sw_vers.txt'))).toBe('macOS 14.6.1');
  expect(parseSystemVersion('')).toBe('macOS');
});
