// Files of every kind through the detectors: recognised by what is in them, merged by time, and never trusted.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { portScan } from '../detectors/port-scan.ts';
import type { Detector } from '../detector.ts';
import type { Observation } from '../observation.ts';
import { CaptureRecords } from './capture/capture-records.ts';
import { isPingLike } from './capture/ping-payload.ts';
import { findingLine } from './output.ts';
import { newReading } from './record.ts';
import { replayOf } from './replay.ts';
import { runReplay } from './run-replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'foretop-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const header =
  'ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,duration,orig_bytes,resp_bytes,conn_state,history,orig_pkts,resp_pkts';
const names = header.split(',');

/** A row of a connection log: a probe of a closed port. */
const probe = (at: number, port: number) =>
  `${at}.5\tC${at}\t192.0.2.66\t4000\t10.0.0.5\t${port}\ttcp\t-\t0\t0\tREJ\tSr\t1\t1`;
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => probe(1_500_000_000 + from + index, 20 + from + index));
const tsv = (lines: readonly string[]) =>
  ['#separator \\x09', `#fields\t${names.join('\t')}`, ...lines, '#close\t2026', ''].join('\n');
const json = (lines: readonly string[]) =>
  lines
    .map((line) => line.split('\t'))
    .map((cells) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, cells[index]]))))
    .join('\n');

/** Notes what it is given, in the order in which it comes. */
function noting() {
  const seen: Observation[] = [];
  const advanced: number[] = [];
  const detector: Detector = {
    ...portScan,
    id: 'noting',
    thresholds: {},
    consumes: ['connection', 'dns', 'scan', 'packets'],
    start: () => ({
      observe: (observation) => void seen.push(observation),
      advance: (nowUs) => void advanced.push(nowUs),
      save: () => undefined,
      restore: () => {},
      forget: () => {},
    }),
  };
  return { detector, seen, advanced };
}

describe('what is recognised', () => {
  test.each([
    ['zeek.log', tsv(rows(0, 20))],
    ['zeek.log.gz', gzipSync(tsv(rows(0, 20)))],
    ['zeek.log.zst', zstdCompressSync(tsv(rows(0, 20)))],
    ['zeek.json', json(rows(0, 20))],
    ['marked.json', `\uFEFF${json(rows(0, 20))}`],
    ['indented.log', `\t${tsv(rows(0, 20))}`],
    ['commented.log', `# of a laboratory\n${tsv(rows(0, 20))}`],
    ['zeek.csv', [header, ...rows(0, 20).map((row) => row.replaceAll('\t', ','))].join('\r\n')],
  ])('a scan is found in %s', async (name, content) => {
    const { findings, notes } = await replayOf([file(name, content)]);
    expect(findings.map((finding) => JSON.parse(findingLine(finding)))).toMatchObject([
      {
        kind: 'finding',
        detector: 'port-scan',
        severity: 'medium',
        technique: 'T1046',
        host: '192.0.2.66',
        peer: '10.0.0.5',
        start: '2017-07-14T02:40:00.500000Z',
        end: '2017-07-14T02:40:19.500000Z',
        count: 20,
      },
    ]);
    expect(notes).toEqual([]);
  });

  test.each([
    ['text.txt', 'hello\nworld\n', 'neither a capture'],
    ['empty.log', '', 'empty'],
    ['broken.gz', gzipSync('x').subarray(0, 9), 'cannot be'],
  ])('%s is refused', async (name, content, why) => {
    await expect(replayOf([file(name, content)])).rejects.toThrow(why);
  });

  test('a file that is not there is refused, and so is a folder without any log', async () => {
    await expect(replayOf([join(folder, 'nothing.pcap')])).rejects.toMatchObject({ code: 'unreadable-input' });
    file('notes/read.me', 'hello');
    await expect(replayOf([join(folder, 'notes')])).rejects.toMatchObject({ code: 'unreadable-input' });
  });

  test('what breaks off is read as far as it goes, and said', async () => {
    const whole = gzipSync(tsv(rows(0, 200)), { level: 0 });
    const { findings, notes } = await replayOf([file('cut.log.gz', whole.subarray(0, whole.length - 900))]);
    expect(findings).toHaveLength(1);
    expect(notes.join(' ')).toContain('breaks off');
  });
});

describe('one timeline', () => {
  test('a rolling folder is one log: the scan goes on over its files', async () => {
    file('rolling/2.conn.log', tsv(rows(6, 12)));
    file('rolling/1.conn.log.gz', gzipSync(tsv(rows(0, 6))));
    file('rolling/stats.log', '#separator \\x09\n#fields\tts\tpeer\n1\tx\n');
    const { findings } = await replayOf([join(folder, 'rolling')]);
    expect(findings).toMatchObject([{ draft: { count: 12 } }]);
  });

  test('records of several files come by their time, and the clock goes with them', async () => {
    const even = rows(0, 400).filter((_, index) => index % 2 === 0);
    const odd = rows(0, 400).filter((_, index) => index % 2 === 1);
    const { detector, seen, advanced } = noting();
    await runReplay([file('odd.log', tsv(odd.toReversed())), file('even.log', tsv(even))], [detector]);
    expect(seen).toHaveLength(400);
    expect(seen.map(({ atUs }) => atUs)).toEqual(seen.map(({ atUs }) => atUs).toSorted((a, b) => a - b));
    expect(new Set(seen.map((one) => ('id' in one ? one.id : ''))).size).toBe(400);
    expect(advanced.length).toBeGreaterThan(39);
  });

  test('names come from the answers in dns.log and the hellos in ssl.log', async () => {
    const connection = (uid: string, server: string, at: number) =>
      JSON.stringify({
        ts: at,
        uid,
        'id.orig_h': '10.0.0.5',
        'id.resp_h': server,
        'id.resp_p': 443,
        proto: 'tcp',
        conn_state: 'SF',
        duration: 2,
      });
    const dns = {
      ts: 9,
      'id.orig_h': '10.0.0.5',
      'id.resp_h': '10.0.0.1',
      'id.resp_p': 53,
      query: 'a.example.net',
      qtype: 1,
      rcode: 0,
      answers: ['192.0.2.1'],
    };
    const hello = { ts: 11, uid: 'C2', 'id.orig_h': '10.0.0.5', server_name: 'b.example.net' };
    const { detector, seen } = noting();
    const connections = file(
      'named/conn.log',
      [connection('C1', '192.0.2.1', 10), connection('C2', '192.0.2.2', 10)].join('\n'),
    );
    const others = [file('named/dns.log', JSON.stringify(dns)), file('named/ssl.log', JSON.stringify(hello))];
    await runReplay([connections, ...others], [detector]);
    const named = seen.filter((one) => one.kind === 'connection').map(({ name, nameSource }) => [name, nameSource]);
    expect(named).toEqual([
      ['a.example.net', 'dns'],
      ['b.example.net', 'sni'],
    ]);
  });

  test('a detector that fails is told, and the others go on', async () => {
    const failing: Detector = {
      ...portScan,
      id: 'failing',
      title: 'Failing',
      start: () => {
        throw new Error('no');
      },
    };
    const { findings, faults } = await runReplay([file('some.log', tsv(rows(0, 20)))], [failing, portScan]);
    expect([findings.length, faults]).toEqual([1, ['The detector Failing failed: no.']]);
  });
});

describe('captures', () => {
  const captureHeader = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

  test('no bytes make the reader throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 20 }), (packets) => {
        const reader = new CaptureRecords('', newReading());
        const records = packets.map((bytes, index) => {
          const head = Buffer.alloc(16);
          head.writeUInt32LE(1_500_000_000 + index, 0);
          head.writeUInt32LE(bytes.length, 8);
          head.writeUInt32LE(bytes.length, 12);
          return Buffer.concat([head, bytes]);
        });
        const found = [...reader.push(Buffer.concat([captureHeader, ...records])), ...reader.end()];
        expect(found.every(({ atUs }) => Number.isFinite(atUs))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  const counting = (length: number, from: number) => Uint8Array.from({ length }, (_, index) => (from + index) & 255);
  const random = Uint8Array.from({ length: 200 }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 24);

  test.each([
    ['Linux', Uint8Array.of(...random.subarray(0, 16), ...counting(40, 16))],
    ['Windows', new TextEncoder().encode('abcdefghijklmnopqrstuvwabcdefghi')],
    ['zeroes', new Uint8Array(1_000)],
    ['nothing', new Uint8Array(0)],
  ])('the payload of %s is that of a ping', (_, payload) => {
    expect(isPingLike(payload, new Uint8Array(0))).toBe(true);
  });

  test('the same again is a ping, something else is not', () => {
    expect(isPingLike(random, random)).toBe(true);
    expect(isPingLike(random, random.toReversed())).toBe(false);
    expect(isPingLike(Buffer.from(`upload${'\0'.repeat(500)}`), new Uint8Array(0))).toBe(false);
  });
});
