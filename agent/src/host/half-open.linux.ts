// TCP connections that somebody began here and left at that, by the port where something listens: a flood of SYNs shows as no
// connection, but the kernel counts what it refuses or answers by a cookie, and has the others as sockets for a while.
import { ScanKind, unmapAddress } from '@foretop/proto';
import type { ScanReading } from './engine.ts';
import { type HalfOpenDump, type HalfOpenMessage, openHalfOpenDump } from './linux/half-open-dump.ts';
import { RereadFile } from './linux/procfs.ts';

/** Counters of TcpExt, as net/ipv4/proc.c calls them; of a kernel that lacks one, 0. */
interface HandshakeCounters {
  /** SYNs for which the queue of half-open connections had no room: answered by a cookie, and not at all. */
  cookies: number;
  refused: number;
  /** Cookies that came back: connections after all. */
  redeemed: number;
  /** SYNs and answers to SYNs that were sent again. */
  repeated: number;
}

/** Below so many a second, repeated ones too, nobody is asked which they are. */
const leastPerSecond = 8;
/** So long an answer has been repeated once and not twice. */
const repeatedOnceUs = 2_000_000;
/** A cookie comes back within a round trip; an interval as long as this has room for it. */
const redeemUs = 3_000_000;
/** Senders of a port that are told apart; the others are told as one, 0.0.0.0. */
const mostSenders = 16;
const mostPorts = 64;
/** Sockets that are looked at in one dump. */
const mostSockets = 65_536;
/** A dump walks the kernel's table of all connections: it takes no more than this share of the time. */
const dumpShare = 1 / 50;
const AF_INET = 2;

export class HalfOpen implements Disposable {
  readonly #file: RereadFile;
  readonly #dump: HalfOpenDump;
  #columns: Columns | undefined;
  #before: HandshakeCounters | undefined;
  #readUs = 0;
  /** Cookies of the last interval that may still come back. */
  #unredeemed = 0;
  #nextDumpUs = -Infinity;
  #ports: readonly Port[] = [];

  /** Of the network namespace that the calling thread is in. Throws HostError, and what node:fs throws. */
  constructor(root = '/proc/thread-self/net') {
    this.#file = new RereadFile(`${root}/netstat`);
    try {
      this.#dump = openHalfOpenDump();
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  /** What was begun and left since the last reading; nothing while it is little. Throws HostError. */
  read(nowUs: number): ScanReading[] {
    const bytes = this.#file.read();
    this.#columns ??= columnsOf(bytes.toString('latin1'));
    const now = parseHandshakes(bytes, this.#columns);
    const [before, readUs] = [this.#before, this.#readUs];
    this.#before = now;
    this.#readUs = nowUs;
    if (before === undefined || nowUs <= readUs) return [];
    const elapsedUs = nowUs - readUs;
    const refused = this.#refused(before, now, elapsedUs);
    const least = (leastPerSecond * elapsedUs) / 1e6;
    if (refused + Math.max(0, now.repeated - before.repeated) < least) return [];
    this.#look(nowUs);
    return readingsOf(this.#ports, refused, nowUs, elapsedUs);
  }

  [Symbol.dispose](): void {
    this.#dump[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  /** SYNs that found no room and of which nothing came. */
  #refused(before: HandshakeCounters, now: HandshakeCounters, elapsedUs: number): number {
    const grown = (name: keyof HandshakeCounters) => Math.max(0, now[name] - before[name]);
    const redeemed = grown('redeemed');
    const waited = Math.max(0, this.#unredeemed - redeemed);
    const fresh = Math.max(0, grown('cookies') - Math.max(0, redeemed - this.#unredeemed));
    this.#unredeemed = elapsedUs < redeemUs ? fresh : 0;
    return grown('refused') + waited + (elapsedUs < redeemUs ? 0 : fresh);
  }

  #look(nowUs: number): void {
    if (nowUs < this.#nextDumpUs) return;
    const before = process.threadCpuUsage();
    const ports = new Map<string, Port>();
    let seen = 0;
    this.#dump.each(
      (message) => {
        if (seen++ < mostSockets) note(ports, message);
      },
      (family) => {
        for (const [key, port] of ports) if (port.family === family) ports.delete(key);
        seen = 0;
      },
    );
    this.#ports = [...ports.values()];
    const { user, system } = process.threadCpuUsage(before);
    this.#nextDumpUs = nowUs + (user + system) / dumpShare;
  }
}

interface Port {
  family: number;
  localAddress: Uint8Array;
  localPort: number;
  sockets: number;
  /** Those whose answer was repeated once: they came one to three seconds ago. */
  left: number;
  /** Of these, by sender. */
  senders: Map<string, { address: Uint8Array; left: number }>;
}

function note(ports: Map<string, Port>, { family, local, localPort, remote, repeats }: HalfOpenMessage): void {
  const key = `${family} ${localPort} ${local.join(' ')}`;
  let port = ports.get(key);
  if (!port) {
    if (ports.size >= mostPorts) return;
    const localAddress = addressOf(family, local);
    ports.set(key, (port = { family, localAddress, localPort, sockets: 0, left: 0, senders: new Map() }));
  }
  port.sockets++;
  if (repeats !== 1) return;
  port.left++;
  const from = remote.join(' ');
  const sender = port.senders.get(from);
  if (sender) sender.left++;
  else if (port.senders.size < mostSenders) port.senders.set(from, { address: addressOf(family, remote), left: 1 });
}

/** What found no room was meant for the port that has most of what did. */
function readingsOf(ports: readonly Port[], refused: number, nowUs: number, elapsedUs: number): ScanReading[] {
  const spanUs = Math.min(elapsedUs, repeatedOnceUs);
  const fullest = ports.reduce<Port | undefined>(
    (most, port) => (most && most.sockets >= port.sockets ? most : port),
    undefined,
  );
  const readings = ports.flatMap(({ localAddress, localPort, left, senders }) => {
    const common = {
      kind: ScanKind.SCAN_KIND_HALF_OPEN,
      localAddress,
      localPort,
      firstUs: nowUs - spanUs,
      lastUs: nowUs,
    };
    const ofSpan = (count: number) => Math.floor((count * spanUs) / repeatedOnceUs);
    const named = [...senders.values()].map(({ address, left: count }) => ({ address, packets: ofSpan(count) }));
    const others = ofSpan(left) - named.reduce((sum, { packets }) => sum + packets, 0);
    return [...named, { address: nobody(localAddress), packets: others }].map(({ address, packets }): ScanReading => ({
      ...common,
      sourceAddress: address,
      packets,
    }));
  });
  const { localAddress = new Uint8Array(4), localPort = 0 } = fullest ?? {};
  readings.push({
    ...{ kind: ScanKind.SCAN_KIND_HALF_OPEN, sourceAddress: nobody(localAddress), localAddress, localPort },
    ...{ packets: refused, firstUs: nowUs - elapsedUs, lastUs: nowUs },
  });
  return readings.filter(({ packets }) => packets > 0);
}

const nobody = (address: Uint8Array) => new Uint8Array(address.length);

function addressOf(family: number, words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.slice().buffer);
  return family === AF_INET ? bytes.slice(0, 4) : unmapAddress(bytes);
}

type Columns = Record<keyof HandshakeCounters, number>;

/** Two lines begin with it, names and numbers; others, such as "MPTcpExt: ", end like it. */
const prefix = 'TcpExt: ';
const SPACE = 0x20;
const ZERO = 0x30;

/** Where the counters stand among the numbers; -1 = nowhere. */
export function columnsOf(netstat: string): Columns {
  const names = /^TcpExt: (.*)$/m.exec(netstat)?.[1]?.split(' ') ?? [];
  const at = (name: string) => names.indexOf(name);
  return {
    cookies: at('TCPReqQFullDoCookies'),
    refused: at('TCPReqQFullDrop'),
    redeemed: at('SyncookiesRecv'),
    repeated: at('TCPSynRetrans'),
  };
}

/** Without a string of any of the hundred others: it is done every second. */
export function parseHandshakes(netstat: Buffer, columns: Columns): HandshakeCounters {
  const counters: HandshakeCounters = { cookies: 0, refused: 0, redeemed: 0, repeated: 0 };
  const values = netstat.indexOf(`\n${prefix}`);
  if (values < 0) return counters;
  let at = values + 1 + prefix.length;
  for (let column = 0; at < netstat.length && netstat[at]! >= SPACE; column++) {
    let value = 0;
    for (; netstat[at]! > SPACE; at++) value = value * 10 + netstat[at]! - ZERO;
    if (netstat[at] === SPACE) at++;
    if (column === columns.cookies) counters.cookies = value;
    else if (column === columns.refused) counters.refused = value;
    else if (column === columns.redeemed) counters.redeemed = value;
    else if (column === columns.repeated) counters.repeated = value;
  }
  return counters;
}
