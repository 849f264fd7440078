// What the kernel tells of handshakes that come to nothing: its counters as Linux 6.18 writes them, and what is made of their growth.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanKind } from '@foretop/proto';
import { describe, expect, test } from 'vitest';
import { columnsOf, HalfOpen, parseHandshakes } from './half-open.linux.ts';

const netstat = `TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed TCPReqQFullDoCookies TCPReqQFullDrop TCPSynRetrans
TcpExt: 51 7 3 50 20 9
IpExt: InNoRoutes InTruncatedPkts
IpExt: 1 2
MPTcpExt: MPCapableSYNRX MPCapableSYNTX
MPTcpExt: 3 4
`;

test('the counters are found by their names', () => {
  const counters = { cookies: 50, refused: 20, redeemed: 7, repeated: 9 };
  expect(parseHandshakes(Buffer.from(netstat), columnsOf(netstat))).toEqual(counters);
});

test.each([
  ['an old kernel', 'TcpExt: SyncookiesSent TCPSynRetrans\nTcpExt: 1 9\n', 9],
  ['nothing', '', 0],
])('what %s lacks is 0', (_what, text, repeated) => {
  expect(parseHandshakes(Buffer.from(text), columnsOf(text))).toEqual({
    cookies: 0,
    refused: 0,
    redeemed: 0,
    repeated,
  });
});

// Sockets are read from this very namespace, which has none that are half open: what is refused belongs to a port that nobody knows.
describe.skipIf(process.platform !== 'linux')('growth', () => {
  interface Counted {
    cookies?: number;
    refused?: number;
    redeemed?: number;
    repeated?: number;
  }

  /** What is told after each second in which the counters grew so. */
  function told(seconds: readonly Counted[]): number[] {
    const folder = mkdtempSync(join(tmpdir(), 'foretop-half-open-'));
    try {
      const sum = { cookies: 100, refused: 100, redeemed: 100, repeated: 100 };
      const write = () => {
        const { cookies, refused, redeemed, repeated } = sum;
        const names = 'TCPReqQFullDoCookies TCPReqQFullDrop SyncookiesRecv TCPSynRetrans';
        writeFileSync(
          join(folder, 'netstat'),
          `TcpExt: ${names}\nTcpExt: ${cookies} ${refused} ${redeemed} ${repeated}\n`,
        );
      };
      write();
      using reader = new HalfOpen(folder);
      expect(reader.read(0)).toEqual([]);
      return seconds.map((grown, index) => {
        for (const name of Object.keys(sum) as (keyof Counted)[]) sum[name] += grown[name] ?? 0;
        write();
        const readings = reader.read((index + 1) * 1e6);
        for (const { kind, localPort, lastUs } of readings) {
          expect([kind, localPort, lastUs]).toEqual([ScanKind.SCAN_KIND_HALF_OPEN, 0, (index + 1) * 1e6]);
        }
        return readings.reduce((total, { packets }) => total + packets, 0);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test.each<[what: string, seconds: Counted[], expected: number[]]>([
    ['what is dropped is told at once', [{ refused: 500 }, {}], [500, 0]],
    ['cookies that do not come back, a second later', [{ cookies: 500 }, {}, {}], [0, 500, 0]],
    ['a crowd whose cookies all come back is none', [{ cookies: 500, redeemed: 450 }, { redeemed: 50 }, {}], [0, 0, 0]],
    [
      'of a crowd and a flood the flood is left',
      [{ cookies: 900, redeemed: 300 }, { cookies: 900, redeemed: 400 }, { redeemed: 100 }],
      [0, 200, 800],
    ],
    ['a few are nothing', [{ refused: 7 }, { repeated: 7 }], [0, 0]],
    ['answers sent again without a socket that is half open are nothing', [{ repeated: 500 }], [0]],
  ])('%s', (_what, seconds, expected) => expect(told(seconds)).toEqual(expected));
});
