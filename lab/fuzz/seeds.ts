// What the damage starts from: input made by hand, and, where a folder of captures is given, what is in them.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enhancedPacket, interfaceDescription, interfaceStatistics, sectionHeader } from '@foretop/proto/capture';
import * as made from '../../agent/test/packets.ts';
import { PacketDecoder } from '../../agent/src/inspect/packet/decoder.ts';
import { CaptureReader } from '../../agent/src/inspect/pcap/capture-reader.ts';

export type Seeds = Record<
  'dns' | 'answers' | 'probes' | 'tls' | 'quic' | 'frames' | 'packets' | 'files' | 'captures' | 'filters',
  Uint8Array[]
>;

const maxEach = 20_000;

const query = made.hex(
  '1234 0100 0001 0000 0000 0001 07 6578616d706c65 03 636f6d 00 0001 0001 00 0029 04d0 0000 0000 0000',
);
const answer = made.hex(`1234 8180 0001 0002 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001
  c00c 0005 0001 00000e10 0006 03 777777 c00c c029 0001 0001 0000003c 0004 5db8d822`);

export function madeSeeds(): Seeds {
  const hello = made.clientHello({ name: 'www.example.org', alpn: ['h2', 'http/1.1'], versions: [0x0304, 0x0303] });
  const frames = [
    made.cryptoFrame(0, hello),
    made.concat([1], made.cryptoFrame(40, hello.subarray(40)), [0, 0, 1], made.cryptoFrame(0, hello.subarray(0, 40))),
    made.concat([2, 4, 0, 1, 1, 0, 1], made.cryptoFrame(0, hello), new Uint8Array(200)),
  ];
  const versions = [made.quicV1, made.quicV2, 0xff00_001d, 0xff00_0016, 0xfaceb002];
  const quic = versions.map((version) => made.sealInitial({ version, frames: frames[0]! }));
  const tls = [
    made.tlsRecords(hello),
    made.tlsRecords(hello, 50),
    made.hex('801c 01 0303 0003 0000 0010 000035 00112233445566778899aabbccddeeff'),
  ];
  const packets = madePackets(query, answer, tls[0]!, quic[0]!);
  const file = made.pcapFile(packets.map((bytes, index) => ({ bytes, timeUs: 1e12 + index * 1_000 })));
  return {
    dns: [query, answer],
    answers: [answer, ...madeAnswers()],
    probes: madeProbes(),
    tls,
    quic: [...quic, made.concat(quic[0]!, quic[1]!), made.googleHello('www.example.org')],
    frames,
    packets,
    files: [file],
    filters: madeFilters.map((text) => new TextEncoder().encode(text)),
    captures: [madeCapture(packets), madeCapture(packets.slice(0, 1)), madeCapture([])],
  };
}

const madeFilters = [
  'tcp port 80 or 443 and not src net 10.0.0.0/8',
  'udp dst portrange 5000-6000 || icmp6 && !(host fd00::1 or ether host 02:aa:00:00:00:01)',
  'tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420 and vlan 5',
  'ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0 or len / 3 > 100 % 7',
  'net 192.168.0.0 mask 255.255.0.0 and less 100 and (ip6 proto 44 or ether proto 0x88cc or broadcast)',
];

/** As an agent sends it. */
function madeCapture(packets: readonly Uint8Array[]): Uint8Array {
  const atNs = 1_795_000_000_123_456_789n;
  return made.concat(
    sectionHeader({ os: 'Linux 6.1', application: 'foretop-agent 1.2.3' }),
    interfaceDescription({ name: 'eth0', linkType: 1, snapLength: 262_144, filter: 'tcp port 443' }),
    interfaceDescription({ name: 'wg0', linkType: 101, snapLength: 0, filter: '' }),
    ...packets.map((bytes, index) =>
      enhancedPacket({ interface: index % 2, atNs, original: bytes.length + 4, bytes: bytes.subarray(0, 60) }),
    ),
    interfaceStatistics({ interface: 0, atNs, received: packets.length, dropped: 1 }),
  );
}

/** Records of every form that is written as text, each in an answer of its own. */
function madeAnswers(): Uint8Array[] {
  const data: [type: number, hex: string][] = [
    [6, 'c00c c00c 00000001 00000e10 00000258 00093a80 0000003c'],
    [15, '000a 04 6d61696c c00c'],
    [16, '05 68656c6c6f 00 03 22005c'],
    [28, '20010db8000000000000000000000001'],
    [33, '0001 0002 01bb c00c'],
    [35, '0001 0002 01 75 03 534950 00 c00c'],
    [43, '1234 0d 02 00112233445566778899aabbccddeeff'],
    [46, '0001 0d 02 00000e10 6a000000 69000000 1234 c00c 00112233445566778899'],
    [47, 'c00c 0006 4001 0000 0003'],
    [48, '0101 03 0d 00112233'],
    [50, '01 00 000a 02 aabb 04 00112233 0006 4001 0000 0003'],
    [65, '0001 00 0001 0003 02 6832 0004 0004 c0000201 0006 0010 20010db8000000000000000000000001'],
    [257, '00 05 6973737565 6c657473656e63727970742e6f7267'],
    [65_280, 'deadbeef'],
  ];
  const head = made.hex('1234 8580 0001 0001 0000 0001 07 6578616d706c65 03 636f6d 00 0001 0001');
  const options = made.hex('00 0029 04d0 0000 8000 0000');
  return data.map(([type, text]) => {
    const bytes = made.hex(text);
    return made.concat(
      head,
      made.hex('c00c'),
      made.u16(type),
      made.hex('0001 0000003c'),
      made.u16(bytes.length),
      bytes,
      options,
    );
  });
}

/** Echo replies, a SYN's answers, what an ICMP error quotes, the kernel's words beside it, and a greeting. */
function madeProbes(): Uint8Array[] {
  return [
    made.hex('0000 1234 abcd 0001 0011223344556677'),
    made.hex('8100 1234 abcd 0001 0011223344556677'),
    made.hex('0800 1234 abcd 0001'),
    made.hex('0050 01bb 00000001 00000002 6012 faf0 0000 0000 020405b4'),
    made.hex('01bb 0050 00000001 00000002 6002 faf0'),
    made.hex(`2000000000000000 01000000 23000000 0011223344000000 0000001000000000
      3000000000000000 00000000 0b000000 71000000 02 0b 00 00 00000000 00000000 0200 0000 0a000001 0000000000000000`),
    made.ascii('220 mail.example ESMTP\u001b[2J\r\n'),
  ];
}

function madePackets(query: Uint8Array, answer: Uint8Array, hello: Uint8Array, initial: Uint8Array): Uint8Array[] {
  const asked = made.udp({ payload: query });
  const inner = made.ethernet(0x0800, made.ipv4(17, asked));
  return [
    inner,
    made.ethernet(0x0800, made.ipv4(17, made.udp({ payload: answer, fromServer: true }), { fromServer: true })),
    made.ethernet(0x0800, made.ipv4(6, made.tcp({ payload: hello }))),
    made.ethernet(0x86dd, made.ipv6(17, made.udp({ payload: initial, serverPort: 443 }))),
    made.ethernet(0x86dd, made.ipv6(0, made.concat([17, 0], new Uint8Array(6), asked))),
    made.ethernet(0x8100, made.concat([0, 5, 0x08, 0x00], made.ipv4(17, asked))),
    made.ethernet(0x0800, made.ipv4(17, asked.subarray(0, 24), { fragment: 0x2000 })),
    made.ethernet(0x0800, made.ipv4(17, asked.subarray(24), { fragment: 3 })),
    made.ethernet(
      0x0800,
      made.ipv4(17, made.udp({ serverPort: 4789, payload: made.concat([8, 0, 0, 0, 0, 0, 1, 0], inner) })),
    ),
    made.ethernet(0x0800, made.ipv4(47, made.concat([0x20, 0, 0x65, 0x58, 0, 0, 0, 1], inner))),
    made.ethernet(0x0800, made.ipv4(41, made.ipv6(6, made.tcp({ flags: 2 })))),
  ];
}

/** @param folder of captures; files that are none count as damaged ones. */
export function realSeeds(folder: string): Seeds {
  const seeds: Seeds = {
    dns: [],
    answers: [],
    probes: [],
    tls: [],
    quic: [],
    frames: [],
    packets: [],
    files: [],
    captures: [],
    filters: [],
  };
  const keep = (kind: keyof Seeds, bytes: Uint8Array) => {
    if (bytes.length > 0 && bytes.length <= 4_096 && seeds[kind].length < maxEach) seeds[kind].push(bytes.slice());
  };
  const decoder = new PacketDecoder({
    transport: ({ protocol, sourcePort, destinationPort, payload }) => {
      const has = (port: number) => sourcePort === port || destinationPort === port;
      if (protocol === 17 && (has(53) || has(5353) || has(5355))) keep('dns', payload);
      else if (protocol === 17 && payload.length > 600) keep('quic', payload);
      else if (protocol === 6 && payload[0] === 22) keep('tls', payload);
    },
    unreachable: () => {},
  });
  for (const path of globSync('pcap/**/*.pcap*', { cwd: folder })) {
    const file = readFileSync(join(folder, path));
    if (file.length <= 65_536) seeds.files.push(file);
    const reader = new CaptureReader(({ linkType, bytes, timeUs }) => {
      if (linkType === 1) keep('packets', bytes);
      decoder.decode(linkType, bytes, timeUs);
    });
    reader.push(file);
  }
  return seeds;
}
