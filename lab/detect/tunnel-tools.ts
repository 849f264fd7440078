// Names in the manner of DNS tunnels, exfiltration tools and implants: how each writes its bytes into labels, as their sources and write-ups
// say (docs/detection.md). Only the part below the tunnel's zone, lower case as the collector sees it.
import { Buffer } from 'node:buffer';
import { repeated, type Random } from './random.ts';

export interface TunnelTool {
  name: string;
  /** One name below the zone. */
  below: (random: Random) => string;
}

const hex = '0123456789abcdef';
const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
const iodine32 = 'abcdefghijklmnopqrstuvwxyz012345';
const base36 = 'abcdefghijklmnopqrstuvwxyz0123456789';
const letters = base36.slice(0, 26);

const run = (random: Random, alphabet: string, from: number, to = from) =>
  repeated(random.whole(from, to), () => random.letter(alphabet));

/** Bytes of what is carried: random as ciphers are, text, or zeros with counters. */
function payload(random: Random, length: number): Buffer {
  const kind = random.next();
  const text =
    'GET /index.html HTTP/1.1\r\nHost: intranet.example\r\nuser=admin;password=secret;root:x:0:0:root:/root:/bin/bash\n';
  const at = random.whole(0, 40);
  return Buffer.from(
    Array.from({ length }, (_, index) =>
      kind < 0.7
        ? random.whole(0, 255)
        : kind < 0.9
          ? text.charCodeAt((at + index) % text.length)
          : random.next() < 0.7
            ? 0
            : random.whole(0, 255),
    ),
  );
}

const labelled = (text: string, size: number) => text.match(new RegExp(`.{1,${size}}`, 'gs'))?.join('.') ?? text;
const lower64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '').toLowerCase();
const url64 = (bytes: Buffer) => bytes.toString('base64url').toLowerCase();
/** RFC 4648 base32, lower case, unpadded, or by another alphabet. */
function in32(bytes: Buffer, alphabet = base32): string {
  let [bits, value, text] = [0, 0, ''];
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet.charAt((value >> (bits - 5)) & 31);
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet.charAt((value << (5 - bits)) & 31) : text;
}
const small = (random: Random) => payload(random, random.whole(6, 24));
const large = (random: Random) => payload(random, random.whole(40, 140));
const either = (random: Random) => (random.next() < 0.35 ? small(random) : large(random));

export const tunnelTools: readonly TunnelTool[] = [
  { name: 'iodine', below: iodine },
  {
    name: 'dnscat2',
    below: (random) =>
      labelled(
        `${run(random, hex, 4)}0${run(random, '012', 1)}${run(random, hex, 4)}${(random.next() < 0.4 ? small(random) : large(random)).toString('hex')}`.slice(
          0,
          220,
        ),
        60,
      ),
  },
  {
    name: 'dns2tcp',
    below: (random) =>
      random.next() < 0.6
        ? lower64(payload(random, random.whole(7, 10)))
        : `${random.next() < 0.2 ? '=connect.' : ''}${labelled(lower64(either(random)), 63)}`,
  },
  {
    name: 'dnsexfiltrator',
    below: (random) =>
      `${random.next() < 0.05 ? 'init' : random.whole(0, 900)}.${labelled(random.next() < 0.5 ? url64(large(random)) : in32(large(random)), 63)}`,
  },
  {
    name: 'ozymandns',
    below: (random) =>
      `${labelled(in32(payload(random, random.whole(50, 110))), 60)}-0.id-${random.whole(1000, 60000)}.up`,
  },
  {
    name: 'tuns',
    below: (random) => `d${labelled(in32(payload(random, random.whole(40, 110))), 62)}.${in32(payload(random, 7))}`,
  },
  { name: 'tcp-over-dns', below: (random) => `${labelled(in32(either(random)), 50)}.${run(random, hex, 4)}` },
  {
    name: 'cobalt-strike',
    below: (random) =>
      `${random.pick(['post', 'api', 'cdn', 'www', 'www6'])}.${random.next() < 0.6 ? `${random.whole(1, 4)}${labelled(payload(random, random.whole(8, 90)).toString('hex'), 56)}.` : ''}${run(random, '0123', 1)}${run(random, hex, 7, 9)}.${run(random, hex, 7, 8)}`,
  },
  { name: 'sliver', below: (random) => labelled(run(random, base36, 20, 180), 63) },
  { name: 'dnstt', below: (random) => labelled(in32(payload(random, random.whole(20, 120))), 63) },
  {
    name: 'godoh',
    below: (random) =>
      `${run(random, hex, 4)}.${random.pick(['be', 'ef', 'da'])}.${run(random, hex, 1, 2)}.${run(random, hex, 8)}.${random.whole(0, 1)}.${random.whole(1, 3)}.${labelled(payload(random, random.whole(20, 80)).toString('hex'), 60)}`,
  },
  {
    name: 'dnsteal',
    below: (random) =>
      `${labelled(lower64(large(random)).replaceAll('/', '_'), 57).replaceAll('.', '-.')}.${random.pick(['data.txt', 'passwd', 'file.zip'])}`,
  },
  {
    name: 'sunburst',
    below: (random) =>
      `${run(random, base36, 16, 30)}.appsync-api.${random.pick(['eu-west-1', 'us-west-2', 'us-east-1'])}`,
  },
  { name: 'plugx', below: (random) => labelled(run(random, 'abcdefghijklmnop', 32, 180), 60) },
  { name: 'bondupdater', below: (random) => `${run(random, hex, 30, 60)}.${run(random, base36, 20, 50)}` },
  { name: 'denis', below: (random) => labelled(lower64(payload(random, random.whole(30, 110))), 60) },
  { name: 'multigrain', below: (random) => `log.${labelled(in32(payload(random, random.whole(20, 90))), 60)}` },
  { name: 'anchor', below: (random) => labelled(run(random, hex, 40, 180), 62) },
  { name: 'saitama', below: (random) => run(random, base36, 14, 40) },
  {
    name: 'heyoka',
    below: (random) => labelled(`${run(random, hex, 6)}${in32(payload(random, random.whole(20, 100)))}`, 63),
  },
  {
    name: 'det',
    below: (random) =>
      `${run(random, base36, 7)}.${labelled(payload(random, random.whole(20, 90)).toString('hex'), 63)}`,
  },
  {
    name: 'dns-shell',
    below: (random) =>
      `${run(random, hex, 4, 6)}.${random.whole(0, 99)}.${lower64(payload(random, random.whole(12, 45)))}`,
  },
];

/** A ping or data, in any of the alphabets that it tries; those past 5 bits use all bytes. */
function iodine(random: Random): string {
  const kind = random.next();
  if (kind < 0.4) return `p${in32(payload(random, 4), iodine32)}`;
  if (kind < 0.5) return `${random.pick(['v', 'l', 'z', 's', 'o', 'y', 'r'])}${run(random, iodine32, 6, 30)}`;
  const head = `${random.letter(hex)}${run(random, iodine32, 4)}`;
  const bytes = payload(random, random.whole(20, 120));
  if (kind < 0.65) return labelled(head + in32(bytes, iodine32), 57);
  if (kind < 0.8) return labelled(head + lower64(bytes).replaceAll('/', '-'), 57);
  return labelled(
    head +
      repeated(bytes.length, () =>
        random.next() < 0.5 ? random.letter(base36) : String.fromCharCode(random.whole(188, 253)),
      ),
    57,
  );
}

/** Tools that nobody wrote: alphabet, sizes, prefixes and counters by chance. */
export function inventedTool(index: number, random: Random): TunnelTool {
  const alphabet = random.pick([
    hex,
    hex,
    'abcdefghijklmnop',
    base32,
    iodine32,
    base36,
    base36,
    letters,
    `${base36}-`,
    `${base36}-_`,
    `${base36}+/`,
  ]);
  const size = random.pick([16, 24, 30, 32, 48, 60, 62, 63]);
  // Some poll with short names of one length, some carry much.
  const polls = random.next() < 0.35;
  const shortest = polls ? random.whole(8, 20) : random.whole(10, 40);
  const longest = shortest + (polls ? random.whole(0, 4) : random.whole(0, 140));
  const counter = random.next() < 0.4;
  const session = random.next() < 0.4 ? run(random, base36, 3, 8) : '';
  const word =
    random.next() < 0.3 ? random.pick(['data', 'www', 't', 'x', 'ns1', 'dns', 'up', 'cdn', 'mail', 'update']) : '';
  return {
    name: `invented-${index}`,
    below: (random) =>
      [
        counter ? String(random.whole(0, 5000)) : '',
        labelled(run(random, alphabet, shortest, longest), size),
        session,
        word,
      ]
        .filter((part) => part !== '')
        .join('.'),
  };
}
