// Joins what the kernel engine counts with the connections that dumps show, by cookie; a flow that no dump has shown yet is a
// connection all the same, also when it began and ended between two looks.
//
// Counters of a connection that the engine saw begin are the engine's alone. Of one that is older, the engine tells what passed
// since it looked: base + read, where the base is the highest (dumped − read), read after the dump. It is never too high, and
// exact as soon as one dump meets the connection at rest.
import { OwnerRule } from '@foretop/proto';
import type { FlowReading, KernelEngine, SocketOwner } from '../host/engine.ts';
import { TCP_ESTABLISHED, TCP_SYN_SENT } from '../host/tcp-payload.ts';
import { type ConnectionRecord, countPayload, sameAddress } from './connection.ts';
import { applyFlow, createFlowConnection, joinFlow, rebaseFlow } from './flow-connection.ts';
import type { OpenConnections } from './open-connections.ts';

/** Ended connections kept for one look; beyond it they wait in the kernel, and what is told all the same is counted as lost. */
const MAX_ENDED_A_LOOK = 20_000;
/** A UDP flow that was quiet for so long when it ended was ended by its silence, and not by the release of its socket. */
const QUIET_US = 9_000_000;
/** A connection that only the engine knows is given up when so many dumps in a row did not show it. */
const MISSED_DUMPS = 2;

export interface FlowChanges {
  opened: ConnectionRecord[];
  closed: ConnectionRecord[];
}

/** Whether it is in the agent's own network namespace. */
type IsOwn = (record: ConnectionRecord) => boolean;

export class FlowTable {
  readonly #all: OpenConnections;
  readonly #isOwn: IsOwn;
  /** With a rate other than zero, which falls to zero when nothing more comes. */
  readonly #active = new Set<ConnectionRecord>();
  /** Older than the engine, so that a dump may correct their base. */
  readonly #older = new Set<ConnectionRecord>();
  /** Made out of a flow; no dump has shown it so far. */
  readonly #unseen = new Map<ConnectionRecord, number>();
  /** Cookies in the engine's maps that no socket had at the last sweep. */
  #orphans = new Set<number>();
  #opened: ConnectionRecord[] = [];
  #closed: ConnectionRecord[] = [];
  #reading = 0;
  #nowUs = 0;
  #elapsedUs = 0;
  #readUs = 0;
  #lastTickUs = 0;
  /** Flows that the last reading left out for want of room; each is told of when it ends. */
  leftOut = 0;
  #first = true;
  #socketBytes = 0;
  /** Ends that were beyond MAX_ENDED_A_LOOK, since the start. */
  lost = 0;

  constructor(all: OpenConnections, isOwn: IsOwn) {
    this.#all = all;
    this.#isOwn = isOwn;
  }

  /** IP bytes that passed sockets of the agent's own network namespace since the start. */
  get socketBytes(): number {
    return this.#socketBytes;
  }

  /** Whether one more may end before the next look. */
  get hasRoom(): boolean {
    return this.#closed.length < MAX_ENDED_A_LOOK;
  }

  /** Reads all that changed since `previousUs`, when it was read last. After a dump, where there is one. */
  read(engine: KernelEngine, nowUs: number, previousUs: number): void {
    this.#nowUs = nowUs;
    this.#elapsedUs = nowUs - previousUs;
    this.#readUs = nowUs;
    this.#reading++;
    this.leftOut = 0;
    engine.readFlows((flow) => this.#visit(flow));
    for (const record of this.#active) if (record.flow?.reading !== this.#reading) this.#rest(record);
    for (const record of this.#older)
      if (record.closedUs === undefined) correctBase(record);
      else this.#older.delete(record);
    this.#first = false;
  }

  /** Takes in what began since the last reading. Between two looks. */
  glance(engine: KernelEngine, nowUs: number): void {
    if (this.#first) return;
    this.#nowUs = nowUs;
    this.#elapsedUs = nowUs - this.#readUs;
    engine.readNewFlows((flow) => {
      if (!this.#all.isFull && this.#find(flow) === undefined) this.#visit(flow);
    });
  }

  /** The engine told that it is over. Between two looks. */
  ended(flow: FlowReading, nowUs: number): void {
    this.#nowUs = Math.max(nowUs, this.#lastTickUs);
    this.#elapsedUs = nowUs - this.#readUs;
    const known = this.#find(flow);
    const record = known ?? this.#create(flow);
    if (!record) return;
    this.#apply(record, flow);
    if (flow.protocol === 17 && nowUs - flow.lastUs > QUIET_US && record.generation > 0) {
      // Silence ended the flow, not its socket, which dumps show.
      rebaseFlow(record.flow!);
      return;
    }
    const wasShown = known !== undefined && known.startedUs < this.#lastTickUs;
    this.#end(record, wasShown ? Math.max(flow.lastUs, this.#lastTickUs) : flow.lastUs);
  }

  /** What opened and closed since the last call. */
  take(nowUs: number): FlowChanges {
    const changes = { opened: this.#opened, closed: this.#closed };
    this.#opened = [];
    this.#closed = [];
    this.#lastTickUs = nowUs;
    return changes;
  }

  /**
   * After dumps of every namespace there is: gives up what the engine still has although no socket is behind it, as when the
   * news of an end did not fit the ring buffer.
   */
  sweep(engine: KernelEngine, nowUs: number): void {
    this.#nowUs = nowUs;
    for (const [record, missed] of this.#unseen) {
      if (record.generation > 0 || record.closedUs !== undefined || record.inode > 0) this.#unseen.delete(record);
      else if (record.protocol === 6 && missed >= MISSED_DUMPS) this.#giveUp(record, engine);
      else this.#unseen.set(record, missed + 1);
    }
    // What was left out lives all the same.
    if (this.#all.isFull) return;
    const orphans = new Set<number>();
    engine.cookies((cookie) => {
      if (!this.#all.hasCookie(cookie)) orphans.add(cookie);
    });
    for (const cookie of orphans) if (this.#orphans.delete(cookie)) engine.forget(cookie);
    this.#orphans = orphans;
  }

  #visit(flow: FlowReading): void {
    const record = this.#find(flow) ?? (this.#all.isFull ? this.#leaveOut() : this.#create(flow));
    if (!record) return;
    this.#apply(record, flow);
    if (flow.protocol === 6 && record.state === TCP_SYN_SENT && flow.rxPackets > 0) record.state = TCP_ESTABLISHED;
  }

  #leaveOut(): undefined {
    this.leftOut++;
  }

  #find(flow: FlowReading): ConnectionRecord | undefined {
    const socket = this.#all.byCookie.get(flow.cookie);
    if (flow.protocol === 6) return socket?.protocol === 6 ? socket : undefined;
    const address = flow.remoteAddress();
    if (socket?.remotePort === flow.remotePort && sameAddress(socket.remoteAddress, address)) return socket;
    return this.#all.peer(flow.cookie, address, flow.remotePort);
  }

  /** undefined when it has ended already: a last packet may come behind its end. */
  #create(flow: FlowReading): ConnectionRecord | undefined {
    if (flow.remotePort === 0 || (flow.protocol === 6 && this.#all.hasEnded(flow.cookie))) return undefined;
    const firstKnown = this.#first && flow.role === 'unknown';
    const record = createFlowConnection(flow, this.#all.nextHandle(), firstKnown);
    record.startedUs = Math.min(record.startedUs, this.#nowUs);
    record.lastSeenUs = this.#nowUs;
    this.#all.byHandle.set(record.handle, record);
    if (flow.protocol === 6) this.#all.byCookie.set(record.cookie, record);
    else this.#all.addPeer(record);
    if (flow.protocol === 6) this.#unseen.set(record, 0);
    this.#opened.push(record);
    return record;
  }

  #apply(record: ConnectionRecord, flow: FlowReading): void {
    const joins = record.flow === undefined;
    const count = joinFlow(record, flow, record.lastSeenUs === this.#nowUs);
    if (joins && record.startedBefore) this.#older.add(record);
    const ipBytes = flow.rxIpBytes + flow.txIpBytes;
    // What passed before the first look belongs to no second.
    if (!this.#first && this.#isOwn(record)) this.#socketBytes += Math.max(0, ipBytes - count.ipRead);
    count.ipRead = ipBytes;
    count.reading = this.#reading;
    applyFlow(record, flow, this.#elapsedUs, this.#first && record.startedBefore);
    record.lastSeenUs = this.#nowUs;
    if (record.rxRate || record.txRate) this.#active.add(record);
    if (record.ownerRule !== OwnerRule.OWNER_RULE_CONNECT && record.ownerRule !== OwnerRule.OWNER_RULE_ACCEPT)
      setOwner(record, flow.owner());
  }

  #rest(record: ConnectionRecord): void {
    this.#active.delete(record);
    record.rxRate = 0;
    record.txRate = 0;
  }

  #end(record: ConnectionRecord, closedUs: number): void {
    this.#forget(record);
    if (record.closedUs !== undefined) return;
    record.closedUs = Math.max(record.startedUs, Math.min(closedUs, this.#nowUs));
    record.lastSeenUs = record.closedUs;
    if (record.protocol === 6) this.#all.remember(record);
    if (this.#closed.length < MAX_ENDED_A_LOOK) this.#closed.push(record);
    else this.lost++;
  }

  #forget(record: ConnectionRecord): void {
    this.#active.delete(record);
    this.#older.delete(record);
    this.#unseen.delete(record);
    this.#all.byHandle.delete(record.handle);
    if (this.#all.byCookie.get(record.cookie) === record) this.#all.byCookie.delete(record.cookie);
    if (record.protocol === 17) this.#all.removePeer(record);
  }

  #giveUp(record: ConnectionRecord, engine: KernelEngine): void {
    this.#end(record, record.flow?.lastUs ?? record.lastSeenUs);
    engine.forget(record.cookie);
  }
}

/** What was dumped since the last reading may show that the base is too low. */
function correctBase(record: ConnectionRecord): void {
  const { flow } = record;
  if (flow?.rxDumped === undefined || flow.txDumped === undefined) return;
  flow.rxBase = Math.max(flow.rxBase, flow.rxDumped - flow.rxRead);
  flow.txBase = Math.max(flow.txBase, flow.txDumped - flow.txRead);
  flow.rxDumped = flow.txDumped = undefined;
  countPayload(record, flow.rxBase + flow.rxRead, flow.txBase + flow.txRead, 0, false);
}

/** The process that acted on it; a pid without a start time gets it when the process table is looked at. */
function setOwner(record: ConnectionRecord, owner: SocketOwner | undefined): void {
  if (!owner) return;
  record.uid = owner.uid;
  if (owner.rule === OwnerRule.OWNER_RULE_KERNEL) record.ownerRule = owner.rule;
  if (owner.pid === 0) return;
  // What /proc showed stands against who created or closed it (the order of OwnerRule).
  const holds = record.ownerRule === OwnerRule.OWNER_RULE_HOLDER && owner.rule > OwnerRule.OWNER_RULE_HOLDER;
  if (holds || (record.pid === owner.pid && record.ownerRule === owner.rule)) return;
  if (record.pid !== owner.pid) record.pidStartTicks = 0;
  record.pid = owner.pid;
  // The process table has a better name than the kernel's, which is that of the thread.
  if (record.pidStartTicks === 0) record.comm = owner.comm;
  record.ownerRule = owner.rule;
  record.confirmOwnerUs = 0;
}
