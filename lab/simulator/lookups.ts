// The DNS questions of a simulated host: before connections to names, beside what is asked out of habit, with all that goes wrong.
import { DnsKind, DnsRole, DnsTransport } from '@foretop/proto';
import type { TrackedDns } from '../../agent/src/collect/tick.ts';
import { loopback4, resolver } from './address-book.ts';
import { ownerOf, type SimulatedHost } from './host.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { reverseName, siteName } from './site-names.ts';

export interface Lookup {
  process: SimulatedProcess | undefined;
  /** The host's own resolver, which is asked and asks on; undefined = the site's is asked at once. */
  stub: SimulatedProcess | undefined;
  /** Of the socket that it goes over; 0 = one of its own. */
  cookie: number;
  /** What the answer says. */
  address: Uint8Array;
  /** Unix time. */
  nowUs: number;
}

const stubAddress = Uint8Array.of(127, 0, 0, 53);
const nxdomain = 3;
const servfail = 2;
/** Shares of all questions. */
const shares = { unanswered: 0.01, missing: 0.06, failing: 0.01, slow: 0.02, reverse: 0.03, tcp: 0.01 };
const typeA = 1;
const typePtr = 12;
const typeAaaa = 28;

/** A question about the address' name, and what came of it. */
export function ask(host: SimulatedHost, { process, stub, cookie, address, nowUs }: Lookup): void {
  const { random } = host;
  const missing = random.chance(shares.missing);
  const reverse = random.chance(shares.reverse);
  const answered = !random.chance(shares.unanswered);
  const failing = answered && random.chance(shares.failing);
  const name = reverse
    ? reverseName(address)
    : missing
      ? `typo-${random.below(50)}.${siteName(address)}`
      : siteName(address);
  const latencyUs = random.chance(shares.slow)
    ? 800_000 + random.below(3_000_000)
    : Math.round(400 + 6_000 * random.heavy(0.8));
  const found = answered && !missing && !reverse && !failing;
  const isAlias = found && name.startsWith('cdn.');
  const exchange = {
    ...nothing,
    askedUs: host.boottimeUs(nowUs),
    answered,
    latencyUs: answered ? latencyUs : undefined,
    transport: random.chance(shares.tcp) ? DnsTransport.DNS_TRANSPORT_TCP : DnsTransport.DNS_TRANSPORT_UDP,
    localAddress: host.addresses.v4,
    localPort: 32_768 + random.below(28_000),
    name,
    type: reverse ? typePtr : address.length === 4 ? typeA : typeAaaa,
    rcode: !answered ? 0 : failing ? servfail : missing ? nxdomain : 0,
    addresses: found ? [address] : [],
    canonicalNames: isAlias ? ['edge.cdn.example'] : [],
    ttlSeconds: found ? 300 : undefined,
    queryBytes: 30 + name.length,
    answerBytes: answered ? 60 + name.length + (found ? address.length + 12 : 0) : 0,
    cookie,
  };
  if (stub === undefined) return push(host, { ...ownerOf(process), exchange });
  const port = exchange.localPort;
  push(host, { ...ownerOf(process), exchange: { ...exchange, localAddress: loopback4, peerAddress: stubAddress } });
  const asked = { ...exchange, role: DnsRole.DNS_ROLE_SERVER, localAddress: stubAddress, localPort: 53 };
  push(host, { ...ownerOf(stub), exchange: { ...asked, peerAddress: loopback4, peerPort: port } });
}

const multicast = Uint8Array.of(224, 0, 0, 251);
const services = ['_ipp._tcp.local', '_airplay._tcp.local', '_ssh._tcp.local', 'printer-2.local'] as const;

/** Workstations look for services around them; mostly nobody has one. */
export function browse(host: SimulatedHost, nowUs: number): void {
  const { random } = host;
  const answered = random.chance(0.3);
  const name = random.pick(services);
  push(host, {
    ...ownerOf(undefined),
    exchange: {
      ...nothing,
      askedUs: host.boottimeUs(nowUs),
      answered,
      latencyUs: answered ? 2_000 + random.below(90_000) : undefined,
      kind: DnsKind.DNS_KIND_MDNS,
      localAddress: host.addresses.v4,
      localPort: 5_353,
      peerAddress: multicast,
      peerPort: 5_353,
      name,
      type: typePtr,
      queryBytes: 30 + name.length,
      answerBytes: answered ? 120 : 0,
    },
  });
}

const nothing: TrackedDns['exchange'] = {
  askedUs: 0,
  answered: false,
  latencyUs: undefined,
  owner: undefined,
  transport: DnsTransport.DNS_TRANSPORT_UDP,
  kind: DnsKind.DNS_KIND_DNS,
  role: DnsRole.DNS_ROLE_CLIENT,
  localAddress: loopback4,
  localPort: 0,
  peerAddress: resolver,
  peerPort: 53,
  name: '.',
  type: typeA,
  rcode: 0,
  truncated: false,
  addresses: [],
  canonicalNames: [],
  ttlSeconds: undefined,
  queryBytes: 0,
  answerBytes: 0,
  cookie: 0,
  queries: 1,
};

/** One that is made elsewhere; what is not said of it is as in most. */
export function question(
  host: SimulatedHost,
  process: SimulatedProcess | undefined,
  exchange: Partial<TrackedDns['exchange']>,
): void {
  push(host, { ...ownerOf(process), exchange: { ...nothing, ...exchange } });
}

function push(host: SimulatedHost, entry: TrackedDns): void {
  host.dns.push(entry);
  host.totals.dnsExchanges++;
}
