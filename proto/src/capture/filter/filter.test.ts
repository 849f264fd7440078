// Filters: what they take and leave, what they say of what they cannot read, and that the kernel takes every one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter } from './compile.ts';
import { FilterFault } from './filter-fault.ts';
import { parseFilter } from './parse.ts';
import { faultOf, run, type TestPacket } from './test-machine.ts';
import { arp, ethernet, fragment6, icmp, ipv4, ipv6, tcp, udp } from './test-packets.ts';

const SYN = 0x02;
const ACK = 0x10;
const frames = {
  arp: ethernet(0x0806, arp(), { destination: 'ffffffffffff' }),
  ping: ethernet(0x0800, ipv4(1, icmp(8, 'hello'))),
  syn: ethernet(0x0800, ipv4(6, tcp(40_000, 80, SYN))),
  answer: ethernet(0x0800, ipv4(6, tcp(80, 40_000, SYN | ACK), { source: [10, 1, 0, 2], destination: [10, 1, 0, 1] })),
  get: ethernet(0x0800, ipv4(6, tcp(40_000, 80, ACK, 'GET / HTTP/1.1', 3), { options: 1 })),
  dns: ethernet(0x0800, ipv4(17, udp(5_000, 53, 'question'), { destination: [192, 168, 7, 9] })),
  first: ethernet(0x0800, ipv4(17, udp(5_000, 53, 'long'), { more: true })),
  later: ethernet(0x0800, ipv4(17, udp(5_000, 53, 'rest'), { offset: 100 })),
  ping6: ethernet(0x86dd, ipv6(58, icmp(128, 'hello'))),
  syn6: ethernet(0x86dd, ipv6(6, tcp(40_000, 443, SYN))),
  dns6: ethernet(0x86dd, ipv6(17, udp(5_000, 53, 'question'))),
  first6: ethernet(0x86dd, ipv6(44, fragment6(17, 0, udp(5_000, 53, 'long')))),
  tagged: ethernet(0x0800, ipv4(6, tcp(40_000, 80, SYN)), { tags: [5] }),
  twice: ethernet(0x0800, ipv4(17, udp(5_000, 53)), { tags: [7, 5] }),
  lldp: ethernet(0x88cc, new Uint8Array(40), { destination: '0180c200000e' }),
  group: ethernet(0x0800, ipv4(17, udp(5_000, 5_353), { destination: [224, 0, 0, 251] }), {
    destination: '01005e0000fb',
  }),
  short: ethernet(0x0800, ipv4(6, new Uint8Array(2))),
};
type Name = keyof typeof frames;
const names = Object.keys(frames) as Name[];
/** As cards do it: the outermost tag stands beside the packet. */
const taken = new Set<Name>(['twice']);

function packetOf(name: Name, begins: 'ethernet' | 'network'): TestPacket {
  let frame = frames[name];
  const tag = taken.has(name) ? { vlanTag: (frame[14]! << 8) | frame[15]! } : {};
  if (taken.has(name)) frame = Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]);
  const protocol = (frame[12]! << 8) | frame[13]!;
  return { data: begins === 'ethernet' ? frame : frame.subarray(14), frame, protocol, ...tag };
}

const ways = ['ethernet', 'network'] as const;

function taking(text: string, begins: (typeof ways)[number]): Name[] {
  const program = compileFilter(parseFilter(text), { begins, snapBytes: 96, loopback: 'once' });
  expect(faultOf(program)).toBeUndefined();
  return names.filter((name) => run(program, packetOf(name, begins)) === 96);
}

const without = (...left: Name[]) => names.filter((name) => !left.includes(name));

const wanted: [string, Name[]][] = [
  ['', names],
  ['arp', ['arp']],
  ['ip', without('arp', 'ping6', 'syn6', 'dns6', 'first6', 'lldp')],
  ['ip6', ['ping6', 'syn6', 'dns6', 'first6']],
  ['tcp', ['syn', 'answer', 'get', 'syn6', 'tagged', 'short']],
  ['udp', ['dns', 'first', 'later', 'dns6', 'first6', 'twice', 'group']],
  ['icmp', ['ping']],
  ['icmp6', ['ping6']],
  ['icmp or icmp6', ['ping', 'ping6']],
  ['ether proto 0x88cc', ['lldp']],
  ['ether proto lldp', ['lldp']],
  [String.raw`ip proto \tcp`, ['syn', 'answer', 'get', 'tagged', 'short']],
  ['ip6 proto tcp', ['syn6']],
  ['ip6 proto 44', ['first6']],
  ['proto 17', ['dns', 'first', 'later', 'dns6', 'first6', 'twice', 'group']],
  ['port 80', ['syn', 'answer', 'get', 'tagged']],
  ['tcp port 80', ['syn', 'answer', 'get', 'tagged']],
  ['udp port 80', []],
  ['tcp src port 80', ['answer']],
  ['tcp dst port http', ['syn', 'get', 'tagged']],
  ['port 53', ['dns', 'first', 'dns6', 'twice']],
  ['port 80 or 443', ['syn', 'answer', 'get', 'syn6', 'tagged']],
  ['portrange 79-81', ['syn', 'answer', 'get', 'tagged']],
  ['udp dst portrange 50-60', ['dns', 'first', 'dns6', 'twice']],
  ['not port 80', without('syn', 'answer', 'get', 'tagged')],
  ['!(port 80 || port 53)', without('syn', 'answer', 'get', 'tagged', 'dns', 'first', 'dns6', 'twice')],
  ['host 192.168.7.9', ['dns']],
  ['host 10.1.0.2', ['arp', 'ping', 'syn', 'answer', 'get', 'first', 'later', 'tagged', 'twice', 'short']],
  ['ip host 10.1.0.2', ['ping', 'syn', 'answer', 'get', 'first', 'later', 'tagged', 'twice', 'short']],
  ['arp host 10.1.0.2', ['arp']],
  ['src 10.1.0.2', ['answer']],
  ['dst host 10.1.0.1', ['answer']],
  [
    'src and dst net 10.1.0.0/16',
    ['arp', 'ping', 'syn', 'answer', 'get', 'first', 'later', 'tagged', 'twice', 'short'],
  ],
  ['net 192.168', ['dns']],
  ['net 192.168.0.0 mask 255.255.0.0', ['dns']],
  ['10.1.0.1 and 192.168.7.9', ['dns']],
  ['dst net 192.168.0.0/16 or 224.0.0.0/4', ['dns', 'group']],
  ['host fd00::1', ['ping6', 'syn6', 'dns6', 'first6']],
  ['src fd00::2', []],
  ['ip6 net fd00::/8', ['ping6', 'syn6', 'dns6', 'first6']],
  ['dst net fd00::2/127', ['ping6', 'syn6', 'dns6', 'first6']],
  ['ether host 02:aa:00:00:00:01', names],
  ['ether src 02:aa:00:00:00:02', []],
  ['ether dst 1:80:c2:0:0:e', ['lldp']],
  ['broadcast', ['arp']],
  ['ether multicast', ['arp', 'lldp', 'group']],
  ['ip multicast', ['group']],
  ['ip6 multicast', []],
  ['vlan', ['tagged', 'twice']],
  ['vlan 5', ['tagged']],
  ['vlan 7 and port 53', ['twice']],
  ['not vlan', without('tagged', 'twice')],
  ['tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn', ['syn', 'syn6', 'tagged']],
  ['tcp[13] & 2 != 0', ['syn', 'answer', 'syn6', 'tagged']],
  ['(tcp[tcpflags] & tcp-syn) != 0 and not vlan', ['syn', 'answer', 'syn6']],
  ['tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420', ['get']],
  ['ip[6:2] & 0x3fff != 0', ['first', 'later']],
  ['ip[0] & 0xf > 5', ['get']],
  ['icmp[icmptype] = icmp-echo', ['ping']],
  ['icmp6[icmp6type] == icmp6-echo', ['ping6']],
  ['udp[8:4] = 0x71756573', ['dns', 'dns6']],
  ['ip[2:2] - ((ip[0] & 0xf) << 2) > 30 and tcp', ['get']],
  ['tcp and port 80 or port 53 and not udp', ['syn', 'answer', 'get', 'tagged']],
  ['sctp', []],
];

describe('a filter takes', () => {
  for (const begins of ways)
    test.each(wanted)(
      `of packets that begin with ${begins === 'ethernet' ? 'Ethernet' : 'their network header'}: %s`,
      (text, expected) => {
        expect(taking(text, begins)).toEqual(names.filter((name) => expected.includes(name)));
      },
    );

  test('bytes of Ethernet, as far as they can be seen', () => {
    for (const begins of ways) expect(taking('ether[0] & 1 = 1 and ether[12:2] = 0x0806', begins)).toEqual(['arp']);
  });

  test('nothing of what stands behind a packet, or so far that numbers wrap', () => {
    for (const begins of ways) {
      expect(taking('ip[1000] = 0', begins)).toEqual([]);
      expect(taking('ether[0xfffffff0:4] >= 0', begins)).toEqual([]);
    }
  });

  test('lengths', () => {
    expect(taking('less 60', 'ethernet')).toEqual(names.filter((name) => packetOf(name, 'ethernet').data.length <= 60));
    expect(taking('greater 61', 'ethernet')).toEqual(taking('len > 60', 'ethernet'));
  });

  test('each packet of a loopback interface once, or not at all', () => {
    const compiled = (loopback: 'never' | 'once') =>
      compileFilter(parseFilter(''), { begins: 'ethernet', snapBytes: 96, loopback });
    const lo = { data: frames.ping, deviceType: 772 };
    expect([0, 4].map((packetType) => run(compiled('once'), { ...lo, packetType }))).toEqual([96, 0]);
    expect([0, 4].map((packetType) => run(compiled('never'), { ...lo, packetType }))).toEqual([0, 0]);
    expect(run(compiled('never'), { data: frames.ping, packetType: 4 })).toBe(96);
  });

  test('what goes out or comes in', () => {
    for (const [text, packetType, found] of [
      ['outbound', 4, 9],
      ['outbound', 0, 0],
      ['inbound', 0, 9],
      ['inbound', 4, 0],
    ] as const) {
      const program = compileFilter(parseFilter(text), { begins: 'network', snapBytes: 9, loopback: 'once' });
      expect(run(program, { data: frames.ping, packetType })).toBe(found);
    }
  });
});

describe('a filter says', () => {
  test.each<[string, number, RegExp]>([
    ['port', 4, /^Expected a port behind 'port'/],
    ['prot 80', 0, /^'prot' is not known here/],
    ['port 80 443', 8, /^'and' or 'or' is missing before '443'/],
    ['port 70000', 5, /more than 65535/],
    ['port ircd', 5, /not known by that name: write its number/],
    ['host www.example.org', 5, /^Names are not looked up: an address is needed instead of 'www\.example\.org'/],
    ['host 10.0.0.300', 5, /no IPv4 address/],
    ['host 10.0.0', 5, /no whole address; a network is 'net 10\.0\.0'/],
    ['net 10.1.2.3/16', 4, /which begins at 10\.1\.0\.0/],
    ['host fe80::1::2', 5, /no IPv6 address/],
    ['ip host fe80::1', 8, /'ip' has no addresses such as 'fe80::1'/],
    ['icmp port 80', 10, /'icmp' has no ports/],
    ['80', 0, /Write 'port 80'/],
    ['(port 80', 8, /'\)' is missing/],
    ['port 80)', 7, /closes nothing/],
    ['tcp[13] & 2', 11, /compared with nothing/],
    ['tcp[13:3] = 0', 7, /1, 2 or 4 bytes/],
    ['dns[0] = 1', 0, /Bytes of 'dns' are not read/],
    ['len / 0 = 1', 4, /divided by 0/],
    ['ip[0] << 40 = 1', 6, /32 bits/],
    ['port 080', 5, /read in two ways/],
    ['ip broadcast', 3, /write 'ether broadcast'/],
    ['gateway 10.0.0.1', 0, /'gateway' is not known here\. Give/],
    ['ether proto 100', 12, /LLC/],
    ['vlan 5 and vlan 6', 7, /outer tag only/],
    ['port 80 and', 11, /Expected something to look for/],
    ['port 1-5', 5, /'portrange 1-…'/],
    ['tcp & udp', 4, /'and' or 'or' is missing before '&'/],
    ['port 80 ; true', 8, /';' has no meaning/],
    [`${'('.repeat(100)}port 80${')'.repeat(100)}`, 65, /levels/],
    ['x'.repeat(1_025), 1_024, /1024 characters/],
  ])('what is wrong with %j, and where', (text, at, message) => {
    const fault = (() => {
      try {
        parseFilter(text);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(fault).toBeInstanceOf(FilterFault);
    expect((fault as FilterFault).message).toMatch(message);
    expect((fault as FilterFault).at).toBe(at);
  });

  test('when it would have more steps than a kernel takes', () => {
    const text = Array.from({ length: 140 }, (_, index) => `${index}::${index}`).join(' or ');
    const filter = parseFilter(text.slice(0, 1_020).replace(/ or[^r]*$/, ''));
    const program = compileFilter(filter, { begins: 'ethernet', snapBytes: 1, loopback: 'once' });
    expect(faultOf(program)).toBeUndefined();
    const deep = 'ip[tcp[udp[ip6[arp[ether[sctp[icmp[0]]]]]]]] = 1';
    expect(() =>
      compileFilter(parseFilter(deep), { begins: 'ethernet', snapBytes: 1, loopback: 'once' }),
    ).not.toThrow();
  });
});

test('whatever is typed is read or faulted, and what is read is a program that the kernel takes', () => {
  const words = [
    ...'and or not ( ) && || ! host net port portrange src dst tcp udp ip ip6 arp icmp ether proto vlan less greater len'.split(
      ' ',
    ),
    ...'[ ] & | + - * / << >> = != < > : 80 0 0x10 10.0.0.1 10.0.0.0/8 fd00::1 fd00::/8 tcp[13] ip[0] tcp-syn 1-5 http broadcast'.split(
      ' ',
    ),
  ];
  const typed = fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((all) => all.join(' '));
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(typed, fc.string({ maxLength: 40 })), fc.constantFrom(...ways), (text, begins) => {
      try {
        const program = compileFilter(parseFilter(text), { begins, snapBytes: 96, loopback: 'once' });
        read++;
        expect(faultOf(program)).toBeUndefined();
        for (const name of names) run(program, packetOf(name, begins));
      } catch (error) {
        if (!(error instanceof FilterFault)) throw error;
        expect(error.at).toBeGreaterThanOrEqual(0);
        expect(error.at).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(read).toBeGreaterThan(20);
});
