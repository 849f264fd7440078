// The decoder of captures beside tshark, packet by packet, over real captures. Both read each packet by itself.
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapturedPacket, decodePacket, type DecodedPacket } from '@foretop/proto/capture';
import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../agent/src/inspect/pcap/capture-reader.ts';

const folder = process.env['FORETOP_TEST_DATA'] ?? '';
const missing = folder === '' ? 'FORETOP_TEST_DATA names no folder of captures' : toolsMissing();
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;

function toolsMissing(): string | undefined {
  try {
    for (const tool of ['tshark', 'mergecap']) execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'tshark and mergecap are not installed (Debian packages tshark, wireshark-common)';
  }
}

const columns = [
  'frame.number',
  '_ws.col.Source',
  '_ws.col.Destination',
  '_ws.col.Protocol',
  'tcp.srcport',
  'tcp.dstport',
  'udp.srcport',
  'udp.dstport',
  'dns.qry.name',
  'tls.handshake.extensions_server_name',
  'http.request.line',
  'http.request.method',
  'http.request.uri',
  'http.response.code',
] as const;
/** Nothing is put together from several packets, as it is here. */
const alone = ['ip.defragment', 'ipv6.defragment', 'tcp.desegment_tcp_streams', 'tls.desegment_ssl_records'];

type Line = Record<(typeof columns)[number], string>;

function tshark(path: string): Line[] {
  const options = [...alone.flatMap((name) => ['-o', `${name}:FALSE`]), ...columns.flatMap((name) => ['-e', name])];
  const form = ['-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=f'];
  let text: string;
  try {
    text = execFileSync('tshark', ['-n', '-r', path, ...options, ...form], {
      ...{ encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] },
    });
  } catch (error) {
    // It says so of files that end in the middle, after all that it read of them.
    text = (error as { stdout?: string }).stdout ?? '';
  }
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(columns.map((name, at) => [name, values[at] ?? ''])) as Line;
    });
}

function packetsOf(path: string): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  const reader = new CaptureReader(({ linkType, bytes, wireBytes }) =>
    packets.push({ linkType, bytes: bytes.slice(), original: wireBytes }),
  );
  reader.push(readFileSync(path));
  reader.end();
  return packets;
}

const mostExamples = 20_000;
/** PPP, FDDI and Cisco HDLC: agents do not capture them. */
const unread = new Set([9, 10, 50, 104]);
/** What is said when nothing within is understood. */
const carriers = new Set(['TCP', 'UDP', 'IPv4', 'IPv6', 'Ethernet', 'GRE']);
/** By packets that can be told without those before them. */
const understood = new Set([
  'ARP',
  'ICMP',
  'ICMPv6',
  'TCP',
  'UDP',
  'DNS',
  'MDNS',
  'LLMNR',
  'DHCP',
  'NTP',
  'TLS',
  'SSDP',
]);
/** Shares that were reached, with a little room. */
const leastAlike: Record<string, number> = {
  source: 0.98,
  destination: 0.98,
  'source port': 0.98,
  'destination port': 0.98,
  'protocol, of those that it knows': 0.97,
  'DNS name': 0.99,
  // Names in hellos that go on in another packet are read; tshark waits for the rest.
  SNI: 0.85,
  'HTTP request': 0.9,
};

/** Versions and dialects under one name. */
const sameProtocol = (name: string): string =>
  name
    .replace(/^(TLSv1(\.\d)?|SSLv\d|SSL|DTLS.*)$/, 'TLS')
    .replace(/^(SSHv\d)$/, 'SSH')
    .replace(/^HTTP\/.*$/, 'HTTP')
    .replace(/^(ICMPv6|MLDv2)$/, 'ICMPv6')
    .replace(/^0x/, '');

const field = ({ layers }: DecodedPacket, ...names: string[]) =>
  layers.flatMap(({ fields }) => fields).find(({ name }) => names.includes(name))?.value ?? '';

/** As both can be compared: bytes that are no text have many ways to be written. */
const comparable = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/\\x[0-9a-f]{2}|\\[0-7]{3}|[^\x21-\x7e]/g, '?')
    .replaceAll(/\?+/g, '?');

interface Sum {
  compared: number;
  equal: number;
  /** What tshark says that the decoder does not. */
  missed: number;
  /** What both say differently, or only the decoder does. */
  other: number;
}

/** Damaged files, which mergecap does not take. */
const damaged = 'malformed';

/** All captures of a category in one file: tshark takes longer to begin than to read. */
function merged(category: string, into: string): string {
  const files = globSync(`pcap/${category}/**/*.pcap*`, { cwd: folder }).sort();
  const path = join(into, `${category}.pcapng`);
  execFileSync('mergecap', ['-a', '-w', path, ...files.map((name) => join(folder, name))], { stdio: 'ignore' });
  return path;
}

describe.skipIf(missing !== undefined)(`real captures${reason}`, () => {
  test('the decoder says what tshark says', { timeout: 300_000 }, () => {
    const sums = new Map<string, Sum>();
    const examples = new Set<string>();
    const compare = (what: string, where: string, ours: string, theirs: string) => {
      const sum = sums.get(what) ?? { compared: 0, equal: 0, missed: 0, other: 0 };
      sums.set(what, sum);
      if (ours === '' && theirs === '') return;
      sum.compared++;
      if (ours === theirs) sum.equal++;
      else {
        sum[ours === '' ? 'missed' : 'other']++;
        if (examples.size < mostExamples) examples.add(`${what}: '${ours}' instead of '${theirs}' in ${where}`);
      }
    };
    const folderOfMerged = mkdtempSync(join(tmpdir(), 'foretop-decode-'));
    let packets = 0;
    let ms = 0;
    for (const category of readdirSync(join(folder, 'pcap')).filter((name) => name !== damaged)) {
      const path = merged(category, folderOfMerged);
      const read = packetsOf(path);
      for (const line of tshark(path)) {
        const packet = read[Number(line['frame.number']) - 1];
        if (!packet || unread.has(packet.linkType)) continue;
        packets++;
        const before = performance.now();
        const decoded = decodePacket(packet);
        ms += performance.now() - before;
        compareAll(decoded, line, (what, ours, theirs) =>
          compare(what, `${category} ${line['frame.number']}`, ours, theirs),
        );
      }
    }
    rmSync(folderOfMerged, { recursive: true });
    const report = [...sums].map(([what, { compared, equal, missed, other }]) => {
      const percent = ((equal * 100) / compared).toFixed(2);
      return `${what}: ${percent} % of ${compared} alike, ${missed} missed, ${other} otherwise`;
    });
    console.log(`${packets} packets, ${((ms * 1_000) / packets).toFixed(1)} us each\n${report.join('\n')}`);
    if (process.env['FORETOP_TEST_DETAIL']) console.log([...examples].join('\n'));
    for (const [what, least] of Object.entries(leastAlike)) {
      const { equal, compared } = sums.get(what)!;
      expect.soft(equal / compared, what).toBeGreaterThanOrEqual(least);
    }
    expect(packets).toBeGreaterThan(10_000);
  });

  test('damaged captures are read without a throw', { timeout: 120_000 }, () => {
    let packets = 0;
    for (const name of globSync(`pcap/${damaged}/**/*.pcap*`, { cwd: folder }))
      for (const packet of packetsOf(join(folder, name))) {
        const { layers } = decodePacket(packet);
        expect(layers.length, name).toBeLessThanOrEqual(24);
        packets++;
      }
    console.log(`${packets} packets of damaged captures`);
    expect(packets).toBeGreaterThan(100);
  });
});

function compareAll(
  decoded: DecodedPacket,
  line: Line,
  compare: (what: string, ours: string, theirs: string) => void,
): void {
  compare('source', decoded.source, line['_ws.col.Source']);
  compare('destination', decoded.destination, line['_ws.col.Destination']);
  const [ours, theirs] = [sameProtocol(decoded.protocol), sameProtocol(line['_ws.col.Protocol'])];
  const isLess = carriers.has(ours) && ours !== theirs;
  compare('protocol', isLess ? '' : ours, theirs);
  if (understood.has(theirs)) compare('protocol, of those that it knows', isLess ? '' : ours, theirs);
  // Those of a packet that an ICMP error quotes are no ports of the error.
  if (ours.startsWith('ICMP')) return;
  const transport = line['tcp.srcport'] ? 'tcp' : 'udp';
  compare('source port', String(decoded.sourcePort ?? ''), line[`${transport}.srcport`]);
  compare('destination port', String(decoded.destinationPort ?? ''), line[`${transport}.dstport`]);
  if (theirs !== 'DoH') {
    const asked = comparable(field(decoded, 'Query').replace(/ \S+$/, ''));
    compare('DNS name', asked, comparable(line['dns.qry.name']));
  }
  // In QUIC it is encrypted; a server's answer to it holds none.
  if (transport === 'tcp') {
    const name = field(decoded, 'Extension server_name').replace(/^\d+ bytes$/, '');
    compare('SNI', comparable(name), comparable(line['tls.handshake.extensions_server_name']));
  }
  const request = `${field(decoded, 'Request method')} ${field(decoded, 'Request URI')}`.trim();
  compare(
    'HTTP request',
    comparable(request),
    comparable(`${line['http.request.method']} ${line['http.request.uri']}`.trim()),
  );
  compare('HTTP status', field(decoded, 'Status code'), line['http.response.code']);
}
