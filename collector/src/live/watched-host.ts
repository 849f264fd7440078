// One host that somebody watches: its lease, its tables, and the viewers that its frames go to.
import { type LiveFrame, limits, ProtocolError, type Watch } from '@foretop/proto';
import type { HostStatusName } from '@foretop/proto/api';
import type { HistorySample, HostLive, LiveFrame as ViewerFrame, LiveSection } from '@foretop/proto/live';
import type { Ids } from '../store/ids.ts';
import { statusNumber } from './fleet.ts';
import type { AgentLink, AgentSession, LiveTables, WatchedSections } from './hub.ts';
import { Lease } from './leases.ts';
import { isComplete, keyFrames, onlySections, type SectionSet, sectionSet } from './relay.ts';
import type { Room } from './room.ts';
import { absoluteUs, type HostFrame } from './rows.ts';
import { bandwidthOnly, type CleanFrame, HostTables } from './tables.ts';

/** Tables without a frame for so long are asked for again. They come once a second. */
const freshMs = 3_000;
/** After a request for a key frame, how long frames that do not fit are only left out. */
const keyFrameWaitMs = 2_000;
/** Requests that wait for one host's tables; further ones get no answer at once. */
const mostWaiting = 1_000;

export interface WatchedHostOptions {
  hostId: number;
  ids: Ids;
  /** Unix milliseconds. */
  now: () => number;
  status: () => HostStatusName;
  /** Pulses of the last 60 s. */
  history: () => HistorySample[];
  counts: LiveCounts;
  /** For the rows of its tables, shared with the other hosts. */
  room: Room;
}

/** Counted over all hosts. */
export interface LiveCounts {
  frames: number;
  framesUnwanted: number;
  framesJumped: number;
  framesMalformed: number;
  rowsRejected: number;
  updatesSent: number;
  tableRequestsRefused: number;
}

interface Viewer {
  sections: SectionSet;
  listener: (update: HostLive) => void;
  /** It has a key frame, so deltas mean something to it. */
  ready: boolean;
  sequence: number;
}

interface Waiting {
  sections: SectionSet;
  answer: (tables: LiveTables | undefined) => void;
}

export class WatchedHost implements Disposable {
  readonly #options: WatchedHostOptions;
  readonly #lease = new Lease();
  readonly #tables: HostTables;
  readonly #viewers = new Set<Viewer>();
  readonly #waiting = new Set<Waiting>();
  /** One want for all requests of the same sections. */
  readonly #requested = new Map<string, symbol>();
  #agent: { link: AgentLink; session: AgentSession } | undefined;
  #frameMs = 0;
  #keyFrameAskedMs = 0;

  constructor(options: WatchedHostOptions) {
    this.#options = options;
    this.#tables = new HostTables(options.room);
  }

  /** Nobody wants anything of it, so it need not be kept. */
  get idle(): boolean {
    return !this.#lease.wanted && this.#viewers.size === 0 && this.#waiting.size === 0;
  }

  /** Gives its rows' room back; it is not used any more. */
  [Symbol.dispose](): void {
    this.#tables.reset();
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** A watch that outlived the last connection goes on with this one. */
  connected(link: AgentLink, session: AgentSession): void {
    this.#agent = { link, session };
    this.#send(this.#lease.due(this.#options.now()));
  }

  disconnected(): void {
    this.#agent = undefined;
    this.#lease.lost();
    this.#forget();
    for (const { answer } of this.#waiting) answer(undefined);
    this.#waiting.clear();
  }

  addViewer(want: WatchedSections, listener: (update: HostLive) => void): Disposable {
    const viewer: Viewer = { sections: sectionSet(want.sections), listener, ready: false, sequence: 0 };
    this.#viewers.add(viewer);
    this.#tell(viewer, { history: this.#options.history() });
    const { key, watch } = this.#lease.add(want, this.#options.now());
    this.#send(watch);
    if (this.#fresh(viewer.sections)) this.#sendTables(viewer, undefined);
    return {
      [Symbol.dispose]: () => {
        this.#viewers.delete(viewer);
        this.#send(this.#lease.remove(key, this.#options.now()));
      },
    };
  }

  async tables(sections: readonly LiveSection[], timeoutMs: number): Promise<LiveTables | undefined> {
    if (this.#agent === undefined) return undefined;
    const wanted = sectionSet(sections);
    this.#request(wanted);
    if (this.#fresh(wanted)) return this.#snapshot();
    if (this.#waiting.size >= mostWaiting) {
      this.#options.counts.tableRequestsRefused++;
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<LiveTables | undefined>();
    const waiting: Waiting = { sections: wanted, answer: resolve };
    this.#waiting.add(waiting);
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  /** A frame of its agent. One that breaks the protocol ends the connection. */
  frame(frame: LiveFrame): void {
    const { counts, now } = this.#options;
    if (this.#agent === undefined || !this.#lease.wanted) {
      counts.framesUnwanted++;
      return;
    }
    counts.frames++;
    const rejectedBefore = this.#tables.rejectedRows;
    try {
      const { outcome, frame: clean } = this.#tables.apply(this.#hostFrame(this.#agent.session), frame);
      this.#frameMs = now();
      if (outcome === 'jumped') this.#jumped();
      this.#deliver(clean);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      counts.framesMalformed++;
      this.#agent.link.close(error.close);
    } finally {
      counts.rowsRejected += this.#tables.rejectedRows - rejectedBefore;
    }
  }

  statusChanged(): void {
    for (const viewer of this.#viewers) this.#tell(viewer, {});
  }

  /** Renews the lease, or stops it when its last want has run out. */
  tick(): void {
    this.#send(this.#lease.due(this.#options.now()));
  }

  #request(sections: SectionSet): void {
    const nowMs = this.#options.now();
    const name = [...sections].join();
    const known = this.#requested.get(name);
    if (known !== undefined && this.#lease.extend(known, nowMs + limits.leaseMs)) return;
    const { key, watch } = this.#lease.add(
      { sections: [...sections], rateHz: 1, untilMs: nowMs + limits.leaseMs },
      nowMs,
    );
    this.#requested.set(name, key);
    this.#send(watch);
  }

  #send(watch: Watch | undefined): void {
    if (watch === undefined) return;
    if (watch.keyFrame) this.#keyFrameAskedMs = this.#options.now();
    this.#tables.keepOnly(new Set(watch.sections));
    // Whoever connects next has to be asked again.
    if (this.#agent === undefined) this.#lease.lost();
    else this.#agent.link.watch(watch);
  }

  #jumped(): void {
    const { counts, now } = this.#options;
    counts.framesJumped++;
    for (const viewer of this.#viewers) viewer.ready = false;
    if (now() - this.#keyFrameAskedMs >= keyFrameWaitMs) this.#send(this.#lease.keyFrame(now()));
  }

  #deliver(frame: CleanFrame): void {
    for (const viewer of this.#viewers) {
      if (frame.keyFrame) viewer.ready = true;
      if (!viewer.ready && isComplete(this.#tables, viewer.sections)) {
        this.#sendTables(viewer, frame);
        continue;
      }
      const part = onlySections(viewer.ready ? frame : bandwidthOnly(frame), viewer.sections);
      if (part !== undefined) this.#tell(viewer, { frame: part });
    }
    for (const { sections, answer } of this.#waiting) if (isComplete(this.#tables, sections)) answer(this.#snapshot());
  }

  #sendTables(viewer: Viewer, latest: CleanFrame | undefined): void {
    viewer.ready = true;
    for (const frame of keyFrames(this.#tables, viewer.sections, latest)) this.#tell(viewer, { frame });
  }

  #tell(viewer: Viewer, what: { frame?: ViewerFrame; history?: HistorySample[] }): void {
    const { hostId, now, status, counts } = this.#options;
    const session = this.#agent?.session;
    const timeUs =
      what.frame && session ? absoluteUs({ offsetUs: session.offsetUs() }, what.frame.boottimeUs) : now() * 1000;
    const frame = what.frame && { ...what.frame, sequence: ++viewer.sequence };
    counts.updatesSent++;
    viewer.listener({
      hostId,
      status: statusNumber(status()),
      timeUs: Math.round(timeUs),
      ...what,
      ...(frame && { frame }),
    });
  }

  #fresh(sections: SectionSet): boolean {
    return this.#options.now() - this.#frameMs < freshMs && isComplete(this.#tables, sections);
  }

  #snapshot(): LiveTables | undefined {
    if (this.#agent === undefined) return undefined;
    const { session } = this.#agent;
    const offsetUs = session.offsetUs();
    const { connections, processes, interfaces, boottimeUs } = this.#tables;
    return {
      asOfUs: absoluteUs({ offsetUs }, boottimeUs),
      offsetUs,
      bootId: session.bootId,
      connections,
      processes,
      interfaces,
    };
  }

  #hostFrame(session: AgentSession): HostFrame {
    const { hostId, ids } = this.#options;
    return { hostId, ids, bootId: session.bootId, offsetUs: session.offsetUs() };
  }

  #forget(): void {
    this.#tables.reset();
    for (const viewer of this.#viewers) viewer.ready = false;
  }
}
