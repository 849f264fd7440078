// Packets of each kind, as a person reads them; and what strangers may put into them.
import { describe, expect, test } from 'vitest';
import { decodePacket } from './decode-packet.ts';
import type { DecodedPacket } from './decoded-packet.ts';
import { ascii, clientHello, ethernet, hex, ipv4, ipv6, join, tcp, udp } from './made-packets.fixture.ts';

const decode = (bytes: Uint8Array, linkType = 1, original = bytes.length) =>
  decodePacket({ linkType, bytes, original });
const fieldOf = ({ layers }: DecodedPacket, name: string) =>
  layers.flatMap(({ fields }) => fields).find((field) => field.name === name);
const none = new Uint8Array();
const query = hex('1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 001c 0001');
const answer = hex(`1234 8180 0001 0002 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001
  c00c 0005 0001 00000e10 0006 03 777777 c00c c029 0001 0001 0000003c 0004 5db8d822`);
const echo = hex('0800 0000 1234 0007 6162');
const ntp = join([0x23, 0, 6, 0xec], new Uint8Array(44));
const discover = join(
  hex('01 01 06 00 deadbeef 0000 0000'),
  new Uint8Array(16),
  hex('020000000001'),
  new Uint8Array(202),
  hex('63825363 350101 0c04 686f7374 3204 c0000209 ff'),
);
const initial = hex('c0 00000001 08 8394c8f03e515708 00 00 0004 00000000');
const arp = hex('0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000209');
const solicitation = hex('8700 0000 00000000 20010db8000000000000000000000009 0101 020000000001');

const from4 = ['192.0.2.1', '198.51.100.2'];
const from6 = ['2001:db8::1', '2001:db8::2'];

describe('the line of a packet', () => {
  test.each<[string, Uint8Array, string[], string, string]>([
    [
      'ARP',
      ethernet(0x0806, arp),
      ['02:00:00:00:00:01', '02:00:00:00:00:02'],
      'ARP',
      'Who has 192.0.2.9? Tell 192.0.2.1',
    ],
    ['ICMP', ethernet(0x0800, ipv4(1, echo)), from4, 'ICMP', 'Echo (ping) request id=0x1234, seq=7'],
    [
      'neighbour discovery',
      ethernet(0x86dd, ipv6(58, solicitation)),
      from6,
      'ICMPv6',
      'Neighbor Solicitation for 2001:db8::9 from 02:00:00:00:00:01',
    ],
    [
      'a SYN with options',
      ethernet(0x0800, ipv4(6, tcp(40_000, 443, none, { flags: 2, options: hex('020405b4 01030307 04020000') }))),
      from4,
      'TCP',
      '40000 → 443 [SYN] Seq=1 Win=512 Len=0 MSS=1460 WS=128 SACK_PERM',
    ],
    ['UDP', ethernet(0x0800, ipv4(17, udp(9_000, 9_001, ascii('hello')))), from4, 'UDP', '9000 → 9001 Len=5'],
    [
      'a question',
      ethernet(0x0800, ipv4(17, udp(40_000, 53, query))),
      from4,
      'DNS',
      'Standard query 0x1234 AAAA example.com',
    ],
    [
      'its answer over TCP',
      ethernet(0x0800, ipv4(6, tcp(53, 40_000, join([0, answer.length], answer)))),
      from4,
      'DNS',
      'Standard query response 0x1234 A example.com CNAME www.example.com A 93.184.216.34',
    ],
    [
      'mDNS',
      ethernet(0x86dd, ipv6(17, udp(5_353, 5_353, query))),
      from6,
      'MDNS',
      'Standard query 0x1234 AAAA example.com',
    ],
    [
      'DHCP',
      ethernet(0x0800, ipv4(17, udp(68, 67, discover))),
      from4,
      'DHCP',
      'DHCP Discover - Transaction ID 0xdeadbeef',
    ],
    ['NTP', ethernet(0x0800, ipv4(17, udp(123, 123, ntp))), from4, 'NTP', 'NTP Version 4, client'],
    [
      'a ClientHello',
      ethernet(0x0800, ipv4(6, tcp(40_000, 8_443, clientHello('www.example.org')))),
      from4,
      'TLS',
      'Client Hello (SNI=www.example.org)',
    ],
    [
      'an alert',
      ethernet(0x0800, ipv4(6, tcp(443, 40_000, hex('1503030002 0228')))),
      from4,
      'TLS',
      'Alert (Level: Fatal, Description: Handshake Failure)',
    ],
    ['QUIC', ethernet(0x0800, ipv4(17, udp(40_000, 443, initial))), from4, 'QUIC', 'Initial, DCID=8394c8f03e515708'],
    [
      'an HTTP request on any port',
      ethernet(0x0800, ipv4(6, tcp(40_000, 18_080, ascii('GET /a?b HTTP/1.1\r\nHost: example.org\r\n\r\n')))),
      from4,
      'HTTP',
      'GET /a?b HTTP/1.1',
    ],
    [
      'the banner of SSH',
      ethernet(0x0800, ipv4(6, tcp(22, 40_000, ascii('SSH-2.0-OpenSSH_9.9\r\n')))),
      from4,
      'SSHv2',
      'Server: Protocol (SSH-2.0-OpenSSH_9.9)',
    ],
    [
      'a tag before IP',
      ethernet(0x8100, join([0x20, 5, 0x08, 0], ipv4(1, echo))),
      from4,
      'ICMP',
      'Echo (ping) request id=0x1234, seq=7',
    ],
    [
      'a later fragment',
      ethernet(0x0800, ipv4(17, ascii('tail'), 3)),
      from4,
      'IPv4',
      'Fragment of UDP (17), offset 24, ID 0x1234',
    ],
    [
      'IPv6 within IPv4, behind an extension',
      ethernet(0x0800, ipv4(41, ipv6(0, join([17, 0, 1, 4, 0, 0, 0, 0], udp(1, 2, none))))),
      from6,
      'UDP',
      '1 → 2 Len=0',
    ],
  ])('%s', (_, bytes, ends, protocol, info) => {
    const packet = decode(bytes);
    expect([packet.source, packet.destination]).toEqual(ends);
    expect([packet.protocol, packet.info]).toEqual([protocol, info]);
  });

  test.each<[string, number, Uint8Array]>([
    ['Linux cooked', 113, join(hex('0004 0001 0006 020000000001 0000 0800'), ipv4(1, echo))],
    ['Linux cooked, version 2', 276, join(hex('0800 0000 00000003 0001 04 06 020000000001 0000'), ipv4(1, echo))],
    ['raw IP', 101, ipv4(1, echo)],
    ['loopback', 0, join([2, 0, 0, 0], ipv4(1, echo))],
  ])('over %s', (_, linkType, bytes) => {
    expect(decode(bytes, linkType)).toMatchObject({ source: '192.0.2.1', protocol: 'ICMP' });
  });

  test('of a link that is not known says so', () => {
    expect(decode(ascii('????'), 147)).toMatchObject({ protocol: 'Link type 147', info: '4 bytes' });
  });
});

test('fields stand where their bytes do', () => {
  const bytes = ethernet(0x0800, ipv4(6, tcp(40_000, 443, clientHello('www.example.org'))));
  const packet = decode(bytes);
  const name = fieldOf(packet, 'Extension server_name')!;
  expect(name.value).toBe('www.example.org');
  expect(new TextDecoder().decode(bytes.subarray(name.from, name.to))).toContain('www.example.org');
  expect(fieldOf(packet, 'Destination port')).toEqual({ name: 'Destination port', value: '443', from: 36, to: 38 });
  expect(packet.layers.map(({ name }) => name)).toEqual([
    'Ethernet II',
    'Internet Protocol Version 4',
    'Transmission Control Protocol',
    'TLS record: Handshake',
  ]);
});

test('an ICMP error shows the packet that it quotes, and stays the error', () => {
  const quoted = ipv4(17, udp(40_000, 53, query));
  const packet = decode(ethernet(0x0800, ipv4(1, join(hex('0303 0000 00000000'), quoted))));
  expect(packet).toMatchObject({ protocol: 'ICMP', info: 'Destination unreachable (Port unreachable)' });
  expect(packet.destinationPort).toBeUndefined();
  expect(fieldOf(packet, 'Query')?.value).toBe('example.com AAAA');
});

test('a packet cut after its transport header still tells how long it was', () => {
  const whole = ethernet(0x0800, ipv4(6, tcp(40_000, 443, clientHello('secret.example'))));
  const packet = decode(whole.subarray(0, 54), 1, whole.length);
  expect(packet).toMatchObject({ protocol: 'TCP', destinationPort: 443 });
  expect(packet.info).toMatch(/Len=84$/);
  expect(JSON.stringify(packet)).not.toContain('secret');
});

describe('hostile packets', () => {
  test('text is shown, never obeyed', () => {
    const evil = ascii('GET /\x1b[2J\xe2\x80\xae<img src=x> HTTP/1.1\r\nX-\x07A: \x00b\\\r\n\r\n');
    const packet = decode(ethernet(0x0800, ipv4(6, tcp(1, 80, evil))));
    expect(packet.info).toBe('GET /\\x1b[2J\\xe2\\x80\\xae<img src=x> HTTP/1.1');
    expect(fieldOf(packet, 'X-\\x07A')?.value).toBe('\\x00b\\x5c');
    const named = hex('0000 0000 0001 0000 0000 0000 05 61 2e 1b 0a 62 00 0001 0001');
    expect(decode(ethernet(0x0800, ipv4(17, udp(1, 53, named)))).info).toMatch(/A a\\x2e\\x1b\\x0ab$/);
  });

  test('a name that points at itself, and one of many pointers, end', () => {
    const loop = hex('0000 8000 0000 0001 0000 0000 c00c 0001 0001 00000000 0004 01020304');
    expect(fieldOf(decode(ethernet(0x0800, ipv4(17, udp(53, 1, loop)))), 'Malformed')).toBeDefined();
  });

  test('a payload length that ends within the extension headers leaves no layer with its end before its beginning', () => {
    const extension = join([58, 1, 1, 12], new Uint8Array(12));
    const bytes = ipv6(0, join(extension, solicitation));
    bytes[5] = 1;
    for (const { from, to } of decode(bytes, 101).layers) expect(to).toBeGreaterThanOrEqual(from);
  });

  test('packets in packets end after so many layers', () => {
    let bytes = ipv4(17, udp(1, 2, none));
    for (let depth = 0; depth < 100; depth++) bytes = ipv4(4, bytes);
    expect(decode(bytes, 101).layers.length).toBeLessThanOrEqual(24);
  });

  test('every beginning of every packet is read without a throw, and fields stay within it', () => {
    const packets = [
      ethernet(0x0806, arp),
      ethernet(0x0800, ipv4(17, udp(68, 67, discover))),
      ethernet(0x0800, ipv4(6, tcp(40_000, 443, clientHello('www.example.org')))),
      ethernet(0x0800, ipv4(17, udp(53, 40_000, answer))),
      ethernet(0x0800, ipv4(17, udp(40_000, 443, initial))),
      ethernet(0x86dd, ipv6(58, solicitation)),
    ];
    for (const packet of packets)
      for (let length = 0; length <= packet.length; length++) {
        const { layers } = decode(packet.subarray(0, length), 1, packet.length);
        for (const { from, to } of layers.flatMap((layer) => [layer, ...layer.fields])) {
          expect(from).toBeLessThanOrEqual(to);
          expect(to).toBeLessThanOrEqual(length);
        }
      }
  });
});
