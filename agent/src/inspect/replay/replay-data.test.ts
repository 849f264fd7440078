import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseDnsMessage } from '../dns/message.ts';
import { CaptureReader } from '../pcap/capture-reader.ts';
import type { DnsEvent, ReplayEvent, SniEvent } from './events.ts';
import { Replayer } from './replayer.ts';

// Real captures with what tshark 4.0 sees in them. They are not part of this repository.
const folder = process.env['FORETOP_TEST_DATA'] ?? '';
const reason = folder === '' ? ' (skipped: FORETOP_TEST_DATA names no folder of captures)' : '';

const maxMsEachFile = 5_000;

/** Where tshark's truth is not what a reader of traffic should say. */
const differences: Record<string, string> = {
  'pcap/quic/zeek__quic__vector-max-size-crash.pcap dns udp <unknown extended label> 24929':
    'a fuzzed QUIC packet to port 443 that tshark takes for DNS; its name begins with a label type that does not exist',
  'pcap/headers/zeek__tunnels__gre-sample.pcap dns udp www.gleeble.org 255':
    'two of the four are the same packets once more, quoted in ICMP messages that refuse them',
};

interface Indexed {
  name: string;
  category: string;
  /** Of captures of scans and floods: "SCAN …: SOURCE …", or what else it is. */
  expected_verdict: string | null;
  tshark?: {
    packets?: number;
    tshark_error?: string;
    dns?: { queries: { k: string; tr: string; name: string; type: string; n: number }[] };
    sni?: { tr: string; name: string; port: string }[];
  };
}

const index = () => JSON.parse(readFileSync(join(folder, 'INDEX.json'), 'utf8')) as Indexed[];

function replayFile(name: string): { events: ReplayEvent[]; packets: number; ms: number; recognised: boolean } {
  const events: ReplayEvent[] = [];
  const file = readFileSync(join(folder, name));
  let packets = 0;
  const started = performance.now();
  const replayer = new Replayer((event) => events.push(event));
  const reader = new CaptureReader((packet) => {
    packets++;
    replayer.packet(packet);
  });
  // As they come from a disk: not all at once.
  for (let at = 0; at < file.length; at += 50_000) reader.push(file.subarray(at, at + 50_000));
  reader.end();
  replayer.end();
  return { events, packets, ms: performance.now() - started, recognised: reader.recognised === true };
}

/** As the index has it: raw bytes as UTF-8, what is none replaced. */
function comparable(name: string): string {
  const raw = name.replaceAll(/\\(\d{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number(code)) : code,
  );
  return Buffer.from(raw, 'latin1')
    .toString('utf8')
    .toLowerCase()
    .replaceAll(/\ufffd+/g, '\ufffd');
}

function indexedName(name: string): string {
  return name === '<Root>' ? '.' : name.toLowerCase().replaceAll(/\ufffd+/g, '\ufffd');
}

function count(into: Map<string, number>, key: string, times = 1): void {
  into.set(key, (into.get(key) ?? 0) + times);
}

/** Files of an uncompressed tar archive: name at 0, size in octal at 124, data in blocks of 512. */
function* tarFiles(archive: Buffer): Generator<{ name: string; data: Buffer }> {
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const name = archive.toString('latin1', at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8);
    yield { name, data: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

describe.skipIf(folder === '')(`real captures${reason}`, () => {
  test('every capture: all DNS queries, 99 % of the server names, in time', { timeout: 300_000 }, () => {
    const misses: string[] = [];
    const slow: string[] = [];
    const total = { files: 0, queries: 0, missedQueries: 0, extraQueries: 0, names: 0, missedNames: 0 };
    for (const { name, tshark = {} } of index().filter((record) => record.name.startsWith('pcap/'))) {
      const { events, packets, ms, recognised } = replayFile(name);
      total.files++;
      expect(recognised, name).toBe(true);
      if (ms > maxMsEachFile) slow.push(`${name} ${ms.toFixed(0)} ms`);
      if (tshark.tshark_error === undefined) expect(packets, name).toBe(tshark.packets);

      const asked = new Map<string, number>();
      for (const { k, tr, name: query, type, n } of tshark.dns?.queries ?? []) {
        if (tr !== 'enc') count(asked, `${k} ${tr} ${indexedName(query)} ${type}`, n);
      }
      const seen = new Map<string, number>();
      for (const event of events.filter((one): one is DnsEvent => one.kind === 'dns')) {
        count(seen, `${event.service} ${event.transport} ${comparable(event.name)} ${event.type}`, event.queries);
      }
      for (const [key, times] of asked) {
        total.queries += times;
        const missed = Math.max(0, times - (seen.get(key) ?? 0));
        if (missed === 0 || `${name} ${key}` in differences) continue;
        total.missedQueries += missed;
        misses.push(`DNS ${name} ${key}: ${missed} of ${times} missed`);
      }
      for (const [key, times] of seen) {
        const extra = times - (asked.get(key) ?? 0);
        if (extra <= 0) continue;
        total.extraQueries += extra;
        misses.push(`DNS ${name} ${key}: ${extra} more than tshark`);
      }

      // Without the address: in a tunnel tshark names the outer one.
      const hellos = events.filter((one): one is SniEvent => one.kind === 'sni');
      const named = new Set(
        hellos.map(({ transport, name: host, server }) => `${transport} ${comparable(host)} ${server.port}`),
      );
      for (const { tr, name: host, port } of tshark.sni ?? []) {
        total.names++;
        if (named.has(`${tr} ${indexedName(host)} ${port}`)) continue;
        total.missedNames++;
        misses.push(`SNI ${name} ${tr} ${host} ${port}: missed`);
      }
    }
    console.table(total);
    console.log(misses.join('\n') || 'no misses');
    expect(slow).toEqual([]);
    expect(total.queries).toBeGreaterThan(8_000);
    expect([total.missedQueries, total.extraQueries]).toEqual([0, 0]);
    expect(total.missedNames).toBeLessThanOrEqual(total.names * 0.01);
  });

  test('captures of scans: each source that scans, and nothing where the truth is another probe or a flood', () => {
    const told = index().filter(({ category }) => category === 'scan' || category === 'flood');
    expect(told.length).toBeGreaterThan(10);
    for (const { name, expected_verdict: verdict } of told) {
      const scanning = replayFile(name).events.flatMap((event) => (event.kind === 'scan' ? [event.source] : []));
      const source = verdict?.startsWith('SCAN') ? /: (\d+(?:\.\d+){3})\b/.exec(verdict)?.[1] : undefined;
      if (source === undefined) expect(scanning, `${name}: ${verdict}`).toEqual([]);
      else expect(scanning, `${name}: ${verdict}`).toContain(source);
    }
  });

  test('DNS messages that a resolver was fuzzed with: no crash, and the names that another parser reads', () => {
    const malformed = join(folder, 'malformed');
    const verdicts = gunzipSync(readFileSync(join(malformed, 'dns_fuzz_knot_seeds.csv.gz')))
      .toString('utf8')
      .trim()
      .split(/\r?\n/);
    const known = new Map(verdicts.slice(1).map((line) => [line.split(',')[0]!, line]));
    const wrong: string[] = [];
    let read = 0;
    for (const { name, data } of tarFiles(gunzipSync(readFileSync(join(malformed, 'dns_fuzz_knot_seeds.tar.gz'))))) {
      const [, , , verdict, qname = ''] = known.get(name.replace(/^pkt\//, ''))?.split(',') ?? [];
      const question = parseDnsMessage(data)?.questions[0]?.name;
      if (verdict !== 'ok' || qname === '') continue;
      read++;
      const expected = qname === '.' ? '.' : qname.toLowerCase().replace(/\.$/, '');
      if (question !== expected) wrong.push(`${name}: ${question} instead of ${expected}`);
    }
    console.log(`${read} names compared, ${wrong.length} differ\n${wrong.slice(0, 20).join('\n')}`);
    expect(read).toBeGreaterThan(1_000);
    expect(wrong.slice(0, 20)).toEqual([]);
  });

  test('files that are no captures', () => {
    for (const name of readdirSync(join(folder, 'malformed'))) {
      expect(replayFile(join('malformed', name)).recognised, name).toBe(false);
    }
  });
});
