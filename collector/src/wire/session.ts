// One agent's connection: Challenge → Hello → Welcome, then its lanes, until one side ends it with a code that says why.
import { randomBytes } from 'node:crypto';
import {
  type AgentFrame,
  type CloseName,
  closeReasons,
  type CollectorFrame,
  decodeAgentFrame,
  encodeCollectorFrame,
  type HostPolicy,
  limits,
  minimumProtocolVersion,
  ProtocolError,
  protocolVersion,
  type Pulse,
  type SealedBatch,
  type Watch,
} from '@foretop/proto';
import type { HostPolicyView } from '@foretop/proto/api';
import { WebSocket } from 'ws';
import { type ControlLane, type ControlLink, controlVersion } from '../command/link.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { AgentLink, LiveHub } from '../live/hub.ts';
import type { Store } from '../store/database.ts';
import { recordHostPolicy } from '../store/queries/host-control.ts';
import { batchOffsetUs, type CollectorClock, type HostReading, sameBytes } from './clock.ts';
import { FrameBudget } from './frame-budget.ts';
import { type Greeted, greet } from './greeting.ts';
import { hostPolicy } from './policy.ts';
import { type HeldBatches, RecordLane } from './record-lane.ts';
import { watchFor } from './watch.ts';

/** An agent that reads so slowly is parted with. What is sent to one is small: acknowledgements and leases. */
const sendBufferBytes = 1 << 20;
/** How long the closing handshake may take. */
const closeTimeoutMs = 5_000;
/** From Hello to Welcome; the database may be busy, but not for ever. */
const greetTimeoutMs = 30_000;
const pingAfterMs = 10_000;
const deadAfterMs = 30_000;

export interface SessionOptions {
  socket: WebSocket;
  store: Store;
  ingest: Ingest;
  live: LiveHub;
  control: ControlLane;
  clock: CollectorClock;
  held: HeldBatches;
  helloTimeoutMs: number;
  /** The agent is known; its older session, if any, is to be closed now. */
  onOpen: (session: OpenSession) => void;
  /** It was heard. */
  onPulse: (hostId: number) => void;
  /** Exactly once. `hostId` is undefined for one that never said who it is. */
  onClose: (session: Session, end: SessionEnd) => void;
}

export interface SessionEnd {
  hostId: number | undefined;
  /** Why this side closed it; undefined when the other side did, or the connection broke. */
  reason: CloseName | undefined;
  detail: string;
}

export type OpenSession = Session & { readonly hostId: number };

/** What is known from Welcome on. */
interface Open {
  greeted: Greeted;
  reading: HostReading;
  link: AgentLink;
  lane: RecordLane;
  /** undefined: the agent is older than commands. */
  control: ControlLink | undefined;
  /** Still to be written. */
  policy: HostPolicyView | null | undefined;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #nonce = randomBytes(32);
  readonly #budget: FrameBudget;
  #state: 'hello' | 'greeting' | 'open' | 'closed' = 'hello';
  #open: Open | undefined;
  #welcomeTimer: NodeJS.Timeout | undefined;
  #terminateTimer: NodeJS.Timeout | undefined;
  readonly #disconnected = Promise.withResolvers<void>();
  #heardMs: number;
  /** Why the agent said that it goes. */
  #goodbye = '';
  /** Those who let nothing be read from the agent. */
  readonly #holds = new Set<object>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#budget = new FrameBudget(() => this.#nowMs());
    this.#heardMs = this.#nowMs();
    const { socket } = options;
    socket.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary));
    socket.on('pong', () => (this.#heardMs = this.#nowMs()));
    // Follows for a broken frame or connection; 'close' comes after it and says the rest.
    socket.on('error', (error) => this.#ended(undefined, error.message));
    socket.on('close', (code) => {
      clearTimeout(this.#terminateTimer);
      this.#disconnected.resolve();
      this.#ended(undefined, this.#goodbye || `closed by the agent with code ${code}`);
    });
    this.#endAfter(options.helloTimeoutMs, 'hello-timeout', `no Hello within ${options.helloTimeoutMs} ms`);
    this.#send({
      challenge: {
        nonce: this.#nonce,
        collectorId: options.store.collectorId,
        protocolVersion,
        minimumVersion: minimumProtocolVersion,
      },
    });
  }

  /** It came with an enrolment token that was taken. */
  get enrolled(): boolean {
    return this.#open?.greeted.enrolled ?? false;
  }

  get hostId(): number | undefined {
    return this.#open?.greeted.hostId;
  }

  /** Resolves when the socket is closed, after `close` or otherwise. */
  get disconnected(): Promise<void> {
    return this.#disconnected.promise;
  }

  get paused(): boolean {
    return this.#holds.size > 0;
  }

  /** Ends the connection with the reason's code; the agent prints the reason's text. */
  close(reason: CloseName, detail = ''): void {
    if (this.#state === 'closed') return;
    const { socket } = this.#options;
    socket.close(closeReasons[reason].code, reason);
    // What the agent still sends must be read, or its closing frame is never seen.
    socket.resume();
    this.#terminateTimer = setTimeout(() => socket.terminate(), closeTimeoutMs);
    this.#ended(reason, detail || closeReasons[reason].text);
  }

  /** Called every few seconds: asks a silent agent for a sign of life, gives a dead one up. */
  checkAlive(): void {
    if (this.#state !== 'open' || this.paused) return;
    const silentMs = this.#nowMs() - this.#heardMs;
    if (silentMs >= deadAfterMs) {
      this.#ended(undefined, `nothing heard for ${Math.round(silentMs / 1000)} s`);
      this.#options.socket.terminate();
    } else if (silentMs >= pingAfterMs) {
      this.#options.socket.ping();
    }
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  /** Unless Welcome, or the next step on the way to it, comes first. */
  #endAfter(timeoutMs: number, reason: CloseName, detail: string): void {
    clearTimeout(this.#welcomeTimer);
    this.#welcomeTimer = setTimeout(() => this.close(reason, detail), timeoutMs);
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (this.#state === 'closed') return;
    this.#heardMs = this.#nowMs();
    try {
      if (!isBinary) throw new ProtocolError('malformed-frame', 'a text message came; frames are binary');
      this.#budget.take();
      this.#frame(decodeAgentFrame(data));
    } catch (error) {
      this.#fail(error);
    }
  }

  #frame(frame: AgentFrame): void {
    if (this.#state === 'hello' && frame.hello) {
      this.#state = 'greeting';
      this.#endAfter(greetTimeoutMs, 'overloaded', 'the database did not answer in time');
      this.#greet(frame.hello).catch((error: unknown) => this.#fail(error));
      return;
    }
    if (this.#open === undefined || frame.hello) {
      throw new ProtocolError(
        'unexpected-frame',
        `a frame came ${this.#open ? 'again' : 'before Welcome'} that may not: Hello is due once, first`,
      );
    }
    if (frame.pulse) this.#pulse(this.#open, frame.pulse);
    else if (frame.batch) this.#batch(this.#open, frame.batch);
    else if (frame.live) this.#options.live.frame(this.#open.greeted.hostId, frame.live);
    else if (frame.offer || frame.progress || frame.receipt || frame.toolOutput || frame.auditHead)
      this.#control(this.#open, frame);
    else if (frame.policy) this.#policy(this.#open, frame.policy);
    else if (frame.goodbye)
      this.#goodbye = `the agent is ${frame.goodbye.reason === 'restarting' ? 'restarting' : 'stopping'}`;
  }

  async #greet(hello: NonNullable<AgentFrame['hello']>): Promise<void> {
    const { store, clock, live, control } = this.#options;
    const greeted = await greet(hello, { store, clock, nonce: this.#nonce });
    if (this.#state !== 'greeting') return;
    clearTimeout(this.#welcomeTimer);
    const { hostId, version, acknowledged, checked, offset } = greeted;
    const link: AgentLink = {
      hostId,
      watch: (watch: Watch) => this.#send({ watch: watchFor(version, watch) }),
      close: (reason) => this.close(reason),
    };
    const commanded = this.#controlLink(greeted);
    this.#open = {
      greeted,
      reading: checked.reading,
      link,
      lane: this.#recordLane(greeted),
      control: commanded,
      policy: undefined,
    };
    this.#state = 'open';
    this.#options.onOpen(this as OpenSession);
    this.#send({
      welcome: {
        protocolVersion: version,
        hostId,
        collectorUs: Math.round(clock.wallUs()),
        acknowledged,
        settings: { pulseIntervalMs: limits.pulseIntervalMs, maxInflightBatches: limits.inflightBatches },
      },
    });
    live.connected(link, { bootId: checked.bootId, offsetUs: () => offset.offsetUs() });
    if (commanded) control.connected(commanded);
    if (greeted.factsChanged) live.directoryChanged();
  }

  #controlLink({ hostId, version, thumbprint, key }: Greeted): ControlLink | undefined {
    if (version < controlVersion) return undefined;
    return {
      ...{ hostId, thumbprint, key },
      send: (frame) => this.#send(frame),
      close: (reason, detail) => this.close(reason, detail),
      hold: () => this.#hold(),
    };
  }

  #control({ control }: Open, frame: AgentFrame): void {
    if (!control) throw newerFrame();
    this.#options.control.frame(control, frame);
  }

  /** One write at a time, of the newest. */
  #policy(open: Open, policy: HostPolicy): void {
    if (!open.control) throw newerFrame();
    const writes = open.policy === undefined;
    open.policy = hostPolicy(policy);
    if (writes) this.#writePolicy(open).catch((error: unknown) => this.#fail(error));
  }

  async #writePolicy(open: Open): Promise<void> {
    const { store, live } = this.#options;
    while (open.policy !== undefined) {
      const { policy } = open;
      await recordHostPolicy(store.db, open.greeted.hostId, policy);
      if (open.policy === policy) open.policy = undefined;
    }
    live.directoryChanged();
  }

  #recordLane({ hostId }: Greeted): RecordLane {
    const { ingest, held, clock } = this.#options;
    let release = (): void => undefined;
    return new RecordLane({
      hostId,
      ingest,
      held,
      offsetUs: (batch) => this.#batchOffset(batch),
      nowUs: () => clock.wallUs(),
      acknowledge: (ack) => this.#send({ ack }),
      pause: () => (release = this.#hold()),
      resume: () => release(),
      fail: (error) => this.#fail(error),
    });
  }

  /** Reads nothing until all who hold have let go. */
  #hold(): () => void {
    const { socket } = this.#options;
    const hold = {};
    this.#holds.add(hold);
    if (this.#state !== 'closed') socket.pause();
    return () => {
      if (!this.#holds.delete(hold) || this.#holds.size > 0) return;
      this.#heardMs = this.#nowMs();
      socket.resume();
    };
  }

  #batchOffset(batch: SealedBatch): number {
    const { greeted, reading } = this.#open!;
    return batchOffsetUs(batch, { bootId: greeted.checked.bootId, offsetUs: greeted.offset.offsetUs(), reading });
  }

  #pulse({ greeted }: Open, pulse: Pulse): void {
    const counts = [pulse.boottimeUs, pulse.rxRate, pulse.txRate, pulse.loopbackRate, pulse.eventsLost];
    const memory = [pulse.memoryUsedBytes, pulse.memoryTotalBytes];
    const ledger = [pulse.missingSeconds, pulse.lateSeconds, pulse.backfilledSeconds];
    if (![...counts, ...memory, ...ledger].every((value) => Number.isSafeInteger(value ?? 0))) {
      throw new ProtocolError('malformed-frame', 'pulse has a number beyond 2^53');
    }
    greeted.offset.observe(pulse.boottimeUs ?? 0);
    this.#options.onPulse(greeted.hostId);
    this.#options.live.pulse(greeted.hostId, pulse);
  }

  #batch(open: Open, batch: SealedBatch): void {
    const { clock } = batch;
    const isPresent = clock?.bootId && sameBytes(clock.bootId, open.greeted.checked.bootId);
    if (isPresent && Number.isSafeInteger(clock.boottimeUs) && Number.isSafeInteger(clock.wallUs)) {
      open.reading = { boottimeUs: clock.boottimeUs!, wallUs: clock.wallUs! };
      open.greeted.offset.observe(clock.boottimeUs!);
    }
    open.lane.receive(batch);
  }

  #send(frame: CollectorFrame): void {
    const { socket } = this.#options;
    if (this.#state === 'closed' || socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > sendBufferBytes) {
      return this.close('too-slow', `the agent left ${socket.bufferedAmount} bytes unread`);
    }
    socket.send(encodeCollectorFrame(frame));
  }

  /** The agent's fault ends its own session; a fault of ours, such as a lost database, asks it to come again. */
  #fail(error: unknown): void {
    if (error instanceof ProtocolError) this.close(error.close, error.message);
    else this.close('overloaded', `the collector failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  #ended(reason: CloseName | undefined, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#welcomeTimer);
    this.#open?.lane[Symbol.dispose]();
    if (this.#open) this.#options.live.disconnected(this.#open.link);
    if (this.#open?.control) this.#options.control.disconnected(this.#open.control);
    this.#options.onClose(this, { hostId: this.hostId, reason, detail });
  }

  #nowMs(): number {
    return this.#options.clock.monotonicUs() / 1000;
  }
}

function newerFrame(): ProtocolError {
  return new ProtocolError(
    'unexpected-frame',
    `a frame of protocol version ${controlVersion} came from an older agent`,
  );
}
