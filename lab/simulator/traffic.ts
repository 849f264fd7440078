// Connections of the simulated world: opened by their host's traffic, advanced every second, closed at both ends at once.
import { Direction, NameSource, OwnerRule } from '@foretop/proto';
import { internetAddress, intranetAddress, loopback4, resolver } from './address-book.ts';
import { accepting, connecting, type ConnectionEnd, type FlowTable, type Side } from './flow-table.ts';
import { ownerOf, type SimulatedHost } from './host.ts';
import { receive, segmentsOf, send } from './interfaces.ts';
import { ask } from './lookups.ts';
import type { ProfileName, Traffic } from './profiles/profile.ts';
import type { Random } from './random.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { siteName } from './site-names.ts';

/** The instant and the world in which something happens. */
export interface Moment {
  flows: FlowTable;
  /** Hosts to talk to. */
  hostsWith(profile: ProfileName | 'any'): readonly SimulatedHost[];
  tick: number;
  step: number;
  stepsPerSecond: number;
  nowUs: number;
  /** Multiplies how many connections every host has. */
  scale: number;
}

const timeWait = 6; // TCP_TIME_WAIT
const longLivedSeconds = 600;

/** One end before it is known to the table. `host` undefined = no agent there. */
interface Party {
  host: SimulatedHost | undefined;
  process: SimulatedProcess | undefined;
  address: Uint8Array;
  port: number;
  /** null = it has none; without, that of its address. */
  name?: string | null;
}

/** Opens one connection. `before`: it is older than the simulation. */
export function open(host: SimulatedHost, traffic: Traffic, moment: Moment, before: boolean): void {
  const { flows, tick, nowUs } = moment;
  const { random } = host;
  const own = pickProcess(host.processesOf.get(traffic.process), host);
  const [client, server] = parties(host, own, traffic, moment);
  const flow = flows.add();
  flows.closeTick[flow] = tick + Math.min(100_000_000, lifeTicks(traffic, random));
  flows.linger[flow] = traffic.lingerSeconds ?? 0;
  flows.activeChance[flow] = traffic.stuckIn ? 0 : traffic.active;
  const size = random.heavy(1);
  flows.upMean[flow] = traffic.upBytes * size;
  flows.downMean[flow] = traffic.downBytes * size;
  flows.rttUs[flow] = rttUs(host, traffic, client.host && server.host);
  host.owned.push(flow);
  const protocol = traffic.protocol === 'tcp' ? 6 : 17;
  const state = traffic.stuckIn ?? 1;
  const shape = { protocol, state, startedBefore: before } as const;
  const cookie = attach(flow, connecting, client, server, shape, nowUs, flows);
  if (traffic.role === 'connects' && !before && host.profile.questions === undefined)
    lookUp(host, own, traffic, server.address, cookie, nowUs);
  attach(flow, accepting, server, client, shape, nowUs, flows);
  if (traffic.lives && !before && random.unit() < traffic.active) transfer(flow, host, moment, 1);
}

/** Ticks until it closes. Recorded lives carry something in their first second already, so one of them may be all. */
function lifeTicks({ lives, lifeSeconds }: Traffic, random: Random): number {
  return lives ? random.pick(lives) : 1 + Math.floor(random.exponential(lifeSeconds));
}

/** Most names are known from the time before; what goes to the resolver is a question itself. */
function lookUp(
  host: SimulatedHost,
  process: SimulatedProcess | undefined,
  { peer }: Traffic,
  address: Uint8Array,
  cookie: number,
  nowUs: number,
): void {
  const [stub] = host.processesOf.get('resolved') ?? [];
  // What the host's own resolver asks on, it was asked by a program just before.
  if (peer === 'resolver')
    ask(host, { process, stub: undefined, cookie, address: internetAddress(host.random, false), nowUs });
  else if (peer !== 'loopback' && host.random.chance(0.3)) ask(host, { process, stub, cookie: 0, address, nowUs });
}

/** A name for the connecting side: what its hello said on the ports of TLS and QUIC, else what DNS had told. */
function naming(side: Side, { address, port, name = siteName(address) }: Party, protocol: 6 | 17) {
  if (side === accepting || address === loopback4 || address === resolver || name === null) return {};
  if (port !== 443) return { name, nameSource: NameSource.NAME_SOURCE_DNS };
  const alpn = protocol === 17 ? 'h3' : name.startsWith('mail.') ? 'http/1.1' : 'h2';
  return { name, nameSource: NameSource.NAME_SOURCE_SNI, alpn };
}

/** Unprivileged agents see no calls, only who holds a socket. */
function ownerRule(host: SimulatedHost, side: Side, process: SimulatedProcess | undefined): OwnerRule {
  if (!process) return OwnerRule.OWNER_RULE_UNKNOWN;
  if (host.description.tier > 2) return OwnerRule.OWNER_RULE_HOLDER;
  return side === connecting ? OwnerRule.OWNER_RULE_CONNECT : OwnerRule.OWNER_RULE_ACCEPT;
}

function parties(
  host: SimulatedHost,
  process: SimulatedProcess | undefined,
  traffic: Traffic,
  moment: Moment,
): [Party, Party] {
  const { random } = host;
  const ipv6 = traffic.ipv6 !== undefined && random.chance(traffic.ipv6);
  const ownAddress = ipv6 ? host.addresses.v6 : host.addresses.v4;
  if (traffic.role === 'accepts') {
    const address = traffic.peer === 'internet' ? internetAddress(random, ipv6) : intranetAddress(random);
    const client = { host: undefined, process: undefined, address, port: 1_024 + random.below(64_000) };
    return [client, { host, process, address: ownAddress, port: traffic.port }];
  }
  const port = host.ephemeralPort(traffic.lifeSeconds >= longLivedSeconds);
  const server = serverOf(host, traffic, moment, ipv6);
  const sameFamily = server.address.length === 16 ? host.addresses.v6 : host.addresses.v4;
  const address = traffic.peer === 'loopback' ? loopback4 : sameFamily;
  return [{ host, process, address, port }, server];
}

function serverOf(host: SimulatedHost, { peer, port, farEnds }: Traffic, moment: Moment, ipv6: boolean): Party {
  const { random } = host;
  const outside = (address: Uint8Array): Party => ({ host: undefined, process: undefined, address, port });
  if (farEnds) return { host: undefined, process: undefined, port, ...random.pick(farEnds) };
  const inside = (server: SimulatedHost, address: Uint8Array): Party => {
    return { host: server, process: pickProcess(server.acceptors.get(port), host), address, port };
  };
  if (peer === 'loopback') return inside(host, loopback4);
  if (peer === 'resolver') return outside(resolver);
  if (peer === 'internet') return outside(internetAddress(random, ipv6));
  if (peer === 'intranet') return outside(intranetAddress(random));
  const others = moment.hostsWith(peer.hosts);
  const candidate = others.length === 0 ? undefined : random.pick(others);
  if (candidate === undefined || candidate === host) return outside(intranetAddress(random));
  return inside(candidate, ipv6 ? candidate.addresses.v6 : candidate.addresses.v4);
}

/** By the draw of the host that decides, since one thing's randomness comes from one host only. */
function pickProcess(
  candidates: readonly SimulatedProcess[] | undefined,
  decider: SimulatedHost,
): SimulatedProcess | undefined {
  return candidates && candidates.length > 0 ? decider.random.pick(candidates) : undefined;
}

/** @returns the socket's cookie; 0 without an agent at this end. */
function attach(
  flow: number,
  side: Side,
  own: Party,
  peer: Party,
  shape: { protocol: 6 | 17; state: number; startedBefore: boolean },
  nowUs: number,
  flows: FlowTable,
): number {
  const { host, process } = own;
  if (!host) return 0;
  const connection = host.track({
    ...shape,
    ...ownerOf(process),
    ...naming(side, peer, shape.protocol),
    ownerRule: ownerRule(host, side, process),
    direction: side === connecting ? Direction.DIRECTION_OUTBOUND : Direction.DIRECTION_INBOUND,
    localAddress: own.address,
    localPort: own.port,
    remoteAddress: peer.address,
    remotePort: peer.port,
    startedUs: host.boottimeUs(nowUs),
  });
  const end: ConnectionEnd = { flow, side, host, process, connection };
  flows.ends[flow * 2 + side] = end;
  host.ends.set(connection.handle, end);
  host.opened.push(connection);
  host.openConnections++;
  host.totals.opened++;
  if (process) process.tracked.connections++;
  return connection.cookie;
}

function rttUs(host: SimulatedHost, { peer }: Traffic, within: SimulatedHost | undefined): number {
  const spread = 0.7 + 0.6 * host.random.unit();
  if (peer === 'loopback') return Math.round(40 * spread);
  if (peer === 'internet') return Math.round(18_000 * spread * host.random.heavy(0.6));
  return Math.round((within ? 250 : 900) * spread);
}

/** One second of everything that a host decides: what it owns goes on or ends, new connections are opened. */
export function advance(host: SimulatedHost, moment: Moment, load: number): void {
  const { flows, tick } = moment;
  const { owned, random } = host;
  for (let at = owned.length - 1; at >= 0; at--) {
    const flow = owned[at]!;
    if (flows.closeTick[flow]! <= tick) {
      if (!end(flow, moment)) continue;
      owned[at] = owned.at(-1)!;
      owned.pop();
    } else if (random.unit() < flows.activeChance[flow]!) transfer(flow, host, moment, load);
  }
  for (const traffic of host.profile.traffic) {
    const due = random.round(((traffic.open * moment.scale) / traffic.lifeSeconds) * load);
    for (let n = 0; n < due; n++) open(host, traffic, moment, false);
  }
}

function transfer(flow: number, owner: SimulatedHost, { flows, step }: Moment, load: number): void {
  const { random } = owner;
  const factor = load * (0.4 + 1.2 * random.unit());
  const up = Math.round(flows.upMean[flow]! * factor);
  const down = Math.round(flows.downMean[flow]! * factor);
  const upSegments = segmentsOf(up);
  const downSegments = segmentsOf(down);
  flows.upBytes[flow]! += up;
  flows.downBytes[flow]! += down;
  flows.upPackets[flow]! += upSegments;
  flows.downPackets[flow]! += downSegments;
  flows.lastUp[flow] = up;
  flows.lastDown[flow] = down;
  flows.lastStep[flow] = step;
  if (random.unit() < 0.002) flows.upRetransmissions[flow]!++;
  carry(flows.ends[flow * 2], up, upSegments, down, downSegments);
  carry(flows.ends[flow * 2 + 1], down, downSegments, up, upSegments);
}

/** Books what an end sent and received with its host's interface and its process. */
function carry(
  to: ConnectionEnd | undefined,
  txBytes: number,
  txSegments: number,
  rxBytes: number,
  rxSegments: number,
): void {
  if (!to) return;
  const { host, process, connection } = to;
  if (connection.localAddress !== loopback4) {
    send(host.interfaces.uplink, txBytes, txSegments);
    receive(host.interfaces.uplink, rxBytes, rxSegments);
  } else {
    send(host.interfaces.loopback, txBytes, txSegments); // what is sent here the other end's `send` receives
    receive(host.interfaces.loopback, txBytes, txSegments);
  }
  if (connection.protocol !== 6) return;
  host.totals.rxBytes += rxBytes;
  host.totals.txBytes += txBytes;
  if (!process) return;
  process.rxBytes += rxBytes;
  process.txBytes += txBytes;
}

/** A connection's time is over. @returns false when its connecting side stays for a while in TIME_WAIT. */
function end(flow: number, moment: Moment): boolean {
  const { flows, tick } = moment;
  const client = flows.ends[flow * 2];
  const server = flows.ends[flow * 2 + 1];
  if (server) close(server, moment);
  flows.ends[flow * 2 + 1] = undefined;
  const linger = flows.linger[flow]!;
  if (client && linger > 0) {
    flows.linger[flow] = 0;
    flows.activeChance[flow] = 0;
    flows.closeTick[flow] = tick + linger;
    client.connection.state = timeWait;
    client.host.openConnections--;
    return false;
  }
  if (client) close(client, moment);
  flows.remove(flow);
  return true;
}

export function close(of: ConnectionEnd, { flows, step, stepsPerSecond, nowUs }: Moment): void {
  const { host, process, connection } = of;
  flows.sync(of, step, stepsPerSecond);
  connection.lastSeenUs = connection.closedUs = host.boottimeUs(nowUs);
  host.ends.delete(connection.handle);
  host.connections.delete(connection.handle);
  host.closed.push(connection);
  if (connection.state !== timeWait) host.openConnections--;
  host.totals.closed++;
  if (process) process.tracked.connections--;
}
