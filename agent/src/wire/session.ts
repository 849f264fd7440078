// One connection to the collector: Challenge, Hello, Welcome, then the lanes, until either side ends it.
import {
  closeNameOf,
  closeReasons,
  decodeCollectorFrame,
  encodeAgentFrame,
  limits,
  minimumProtocolVersion,
  negotiateVersion,
  ProtocolError,
  protocolVersion,
  type Ack,
  type AgentFrame,
  type Challenge,
  type ClockReading,
  type CloseName,
  type CollectorFrame,
  type Hello,
  type HostFacts,
  type HostPolicy,
  type LiveFrame,
  type Pulse,
  type Source,
  type Watch,
  type Welcome,
} from '@foretop/proto';
import type { Logger } from 'pino';
import type { Clock } from '../host/clock.ts';
import type { ClockOffset } from './clock-offset.ts';
import type { Enrolment } from './enrolment.ts';
import type { Identity } from './identity.ts';
import { signHello } from './jwt.ts';
import { type MessageSocket, type OpenSocket, reasonLength, type SocketRequest } from './message-socket.ts';
import { createRecordLane } from './record-lane.ts';
import type { Spool } from './spool.ts';

/** What the agent says of its host. */
export interface HostHello {
  agentVersion: string;
  /** SHA-256 of the machine's id. */
  machineId: Uint8Array;
  host: HostFacts;
  scope: string;
  tier: number;
  sources: Source[];
  /** What the host's owner allows; told only to a collector that knows of it. */
  policy?: HostPolicy;
}

/** Who answers what a collector asks of this host. */
export interface Commands {
  /** There is a collector that knows of commands. */
  opened(answer: Answer): void;
  /** An offerRequest, command, cancel, trust or auditHead. */
  handle(frame: CollectorFrame, answer: Answer): void;
}

/** Sends an offer, progress, toolOutput, receipt or auditHead. @returns false when that connection has ended, or has no room for packets. */
export type Answer = (frame: AgentFrame) => boolean;

export interface SessionTimes {
  handshakeMs: number;
  /** From the open socket to Welcome; a collector may wait for its database. */
  welcomeMs: number;
  pingMs: number;
  silenceMs: number;
}

export interface SessionOptions {
  /** ws: or wss:, with the path. */
  url: string;
  openSocket: OpenSocket;
  identity: Identity;
  enrolment: Enrolment;
  spool: Spool;
  clock: Clock;
  bootId: Uint8Array;
  offset: ClockOffset;
  hello: () => HostHello;
  onOpen: (lanes: Lanes) => void;
  onWatch: (watch: Watch) => void;
  onAck: () => void;
  commands: Commands;
  log: Logger;
  signal: AbortSignal;
  times?: Partial<SessionTimes>;
}

/** What can be sent once the collector has said Welcome. */
export interface Lanes {
  /** Sends batches as far as the window allows. */
  pump(): void;
  /** False = the collector reads too slowly, so nothing was sent. */
  pulse(pulse: Pulse): boolean;
  /** What the host's owner allows, when it has changed; to a collector that knows of it. */
  policy(policy: HostPolicy): void;
  canTakeLive(): boolean;
  live(frame: LiveFrame): void;
  isDrained(): boolean;
  goodbye(reason: 'stopping' | 'restarting'): void;
}

export type SessionEnd =
  | { kind: 'refused'; close: CloseName }
  | { kind: 'lost'; reason: string; welcomed: boolean; retryAfterMs?: number }
  | { kind: 'stopped' };

export const sessionTimes: SessionTimes = { handshakeMs: 10_000, welcomeMs: 30_000, pingMs: 10_000, silenceMs: 30_000 };
/** Unsent bytes above which pulses and live frames are left out; batches are bounded by their window. */
const bufferedMax = 2 << 20;
/** Unsent bytes above which a capture has to wait: a batch never waits behind more of it. */
const packetsBufferedMax = 256 << 10;
const retryAfterMaxMs = 300_000;
const closeMs = 1_000;
/** From this version on there are commands, and what belongs to them. */
const commandsVersion = 3;

export function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>();
  new Session(options, resolve).start();
  return promise;
}

export function socketRequest(url: string, times = sessionTimes): SocketRequest {
  return { url, handshakeMs: times.handshakeMs, maxMessageBytes: limits.frameBytes };
}

type Phase = 'challenge' | 'signing' | 'welcome' | 'open' | 'ended';

class Session {
  readonly #options: SessionOptions;
  readonly #times: SessionTimes;
  readonly #socket: MessageSocket;
  readonly #records: ReturnType<typeof createRecordLane>;
  readonly #resolve: (end: SessionEnd) => void;
  #phase: Phase = 'challenge';
  #welcomed = false;
  #stopping = false;
  #lastHeardMs = performance.now();
  #timers: NodeJS.Timeout[] = [];
  #failure: string | undefined;
  #version = 0;
  readonly #abort = () => this.#stop();
  readonly #answerWith: Answer = (frame) => this.#phase === 'open' && this.#hasRoomFor(frame) && this.#send(frame);

  constructor(options: SessionOptions, resolve: (end: SessionEnd) => void) {
    this.#options = options;
    this.#times = { ...sessionTimes, ...options.times };
    this.#resolve = resolve;
    this.#socket = options.openSocket(socketRequest(options.url, this.#times), {
      opened: () => this.#watchOver(),
      message: (data, isBinary) => this.#receive(data, isBinary),
      heard: () => this.#heard(),
      answered: (status, retryAfter) => this.#answered(status, retryAfter),
      failed: (reason) => void (this.#failure = plain(reason)),
      closed: (code, reason) => this.#closed(code, plain(reason)),
    });
    this.#records = createRecordLane({
      ...options,
      send: (frame) => this.#send(frame),
      readClock: () => this.#clock(),
    });
  }

  start(): void {
    const { signal } = this.#options;
    signal.addEventListener('abort', this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  #answered(status: number, retryAfter: string | undefined): void {
    const retryAfterMs = retryAfterOf(retryAfter);
    const reason = `the collector answered HTTP ${status}`;
    this.#end({ kind: 'lost', reason, welcomed: false, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  #watchOver(): void {
    const { welcomeMs, pingMs, silenceMs } = this.#times;
    this.#heard();
    this.#timers.push(
      setTimeout(() => {
        if (!this.#welcomed) this.#part('hello-timeout', `no Welcome within ${welcomeMs} ms`);
      }, welcomeMs),
      setInterval(() => {
        if (performance.now() - this.#lastHeardMs < silenceMs) return this.#socket.ping();
        this.#failure = `no sign of life from the collector for ${silenceMs} ms`;
        this.#socket.terminate();
      }, pingMs),
    );
  }

  #heard(): void {
    this.#lastHeardMs = performance.now();
  }

  #receive(data: Uint8Array, isBinary: boolean): void {
    this.#heard();
    if (this.#phase === 'ended') return;
    try {
      if (!isBinary) throw new ProtocolError('malformed-frame', 'the collector sent a text message');
      this.#dispatch(decodeCollectorFrame(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#part(error.close, error.message);
    }
  }

  #dispatch(frame: CollectorFrame): void {
    if (frame.challenge && this.#phase === 'challenge') this.#answer(frame.challenge);
    else if (frame.welcome && this.#phase === 'welcome') this.#open(frame.welcome);
    else if (frame.ack && this.#phase === 'open') this.#acknowledge(frame.ack);
    else if (frame.watch && this.#phase === 'open') this.#options.onWatch(frame.watch);
    else if (isCommand(frame) && this.#phase === 'open' && this.#version >= commandsVersion)
      this.#options.commands.handle(frame, this.#answerWith);
    else throw new ProtocolError('unexpected-frame', `${frame.body} came in phase '${this.#phase}'`);
  }

  /** Nothing of this host is said before the collector has named itself as the pinned one. */
  #answer(challenge: Challenge): void {
    const nonce = challenge.nonce ?? new Uint8Array();
    const collectorId = challenge.collectorId ?? '';
    const newest = challenge.protocolVersion ?? 0;
    const oldest = challenge.minimumVersion ?? 0;
    const { enrolment, identity, hello } = this.#options;
    if (collectorId !== enrolment.collectorId) {
      const message = `it says '${collectorId.slice(0, reasonLength)}', this host is enrolled with '${enrolment.collectorId}'`;
      throw new ProtocolError('wrong-collector', message);
    }
    if (nonce.length !== 32) throw new ProtocolError('malformed-frame', 'Challenge without a nonce of 32 bytes');
    const ours = { newest: protocolVersion, oldest: minimumProtocolVersion };
    const version = negotiateVersion(ours, { newest, oldest });
    if (version === undefined) {
      throw new ProtocolError(
        'version-unsupported',
        `it speaks ${oldest} to ${newest}, this agent ${ours.oldest} to ${ours.newest}`,
      );
    }
    this.#version = version;
    this.#phase = 'signing';
    const about = hello();
    signHello(identity, { collectorId, nonce, machineId: about.machineId }).then(
      (jwt) => this.#sayHello(about, jwt),
      (error: Error) => this.#part('signature-invalid', `Hello could not be signed: ${error.message}`),
    );
  }

  #sayHello(about: HostHello, jwt: string): void {
    if (this.#phase !== 'signing') return;
    const { enrolment, identity, spool } = this.#options;
    const token = enrolment.token();
    const { policy, ...facts } = about;
    const hello: Hello = {
      ...facts,
      protocolVersion,
      minimumVersion: minimumProtocolVersion,
      jwt,
      clock: this.#clock(),
      epochs: spool.epochs(),
    };
    if (policy && this.#version >= commandsVersion) hello.policy = policy;
    if (token !== undefined) hello.enrolment = { token, publicKey: identity.publicKey };
    this.#send({ hello });
    this.#phase = 'welcome';
  }

  #open(welcome: Welcome): void {
    const { acknowledged, settings } = welcome;
    const hostId = welcome.hostId ?? 0;
    const { offset, clock, onOpen } = this.#options;
    if (hostId === 0) throw new ProtocolError('malformed-frame', 'Welcome without a host id');
    offset.learn(welcome.collectorUs ?? 0, clock.boottimeUs());
    this.#pin(hostId);
    this.#records.open(acknowledged ?? [], settings?.maxInflightBatches ?? 0);
    this.#phase = 'open';
    this.#welcomed = true;
    onOpen({
      pump: () => this.#records.pump(),
      pulse: (pulse) => this.#canTake() && this.#send({ pulse }),
      policy: (policy) => void (this.#version >= commandsVersion && this.#send({ policy })),
      canTakeLive: () => this.#canTake(),
      live: (live) => void this.#send({ live }),
      isDrained: () => this.#records.isDrained(),
      goodbye: (reason) => void this.#send({ goodbye: { reason } }),
    });
    if (this.#version >= commandsVersion) this.#options.commands.opened(this.#answerWith);
    this.#records.pump();
  }

  /** A full disk must not end the session; the next Welcome tries again. */
  #pin(hostId: number): void {
    try {
      this.#options.enrolment.welcomed(hostId);
    } catch (error) {
      const text =
        'The enrolment could not be stored; after a restart this host would need a new token. Make room on the disk.';
      this.#options.log.error({ event: 'enrolment-not-stored', error: String(error) }, text);
    }
  }

  #canTake(): boolean {
    return this.#phase === 'open' && this.#socket.bufferedAmount < bufferedMax;
  }

  #hasRoomFor({ toolOutput }: AgentFrame): boolean {
    const isPackets = (toolOutput?.packets?.length ?? 0) > 0;
    return !isPackets || this.#socket.bufferedAmount < packetsBufferedMax;
  }

  #acknowledge(ack: Ack): void {
    const { offset, clock, onAck } = this.#options;
    this.#records.acknowledge(ack);
    offset.learn(ack.collectorUs ?? 0, clock.boottimeUs());
    onAck();
    this.#records.pump();
  }

  #clock(): ClockReading {
    const { bootId, clock } = this.#options;
    return { bootId, boottimeUs: clock.boottimeUs(), wallUs: clock.wallUs() };
  }

  #send(frame: AgentFrame): boolean {
    if (!this.#socket.isOpen) return false;
    this.#socket.send(encodeAgentFrame(frame));
    return true;
  }

  /** Ends the connection because of what the collector did. */
  #part(close: CloseName, detail: string): void {
    const { code, retry, text } = closeReasons[close];
    this.#socket.close(code, close);
    this.#options.log.warn({ event: 'session-parted', close, detail }, text);
    this.#end(
      retry ? { kind: 'lost', reason: `${text} (${detail})`, welcomed: this.#welcomed } : { kind: 'refused', close },
    );
  }

  /** Ends once the other side has answered the close, so that what was sent before has left. */
  #stop(): void {
    this.#stopping = true;
    if (this.#socket.isOpen) this.#socket.close(1000);
    else this.#socket.terminate();
    this.#cutOffLater();
  }

  #closed(code: number, reason: string): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    if (this.#stopping) return this.#end({ kind: 'stopped' });
    const close = closeNameOf(code);
    if (close && !closeReasons[close].retry) return this.#end({ kind: 'refused', close });
    const said = close ? closeReasons[close].text : reason;
    const text = this.#failure ?? `the connection was closed (${code}${said ? `: ${said}` : ''})`;
    this.#end({ kind: 'lost', reason: text, welcomed: this.#welcomed });
  }

  #end(end: SessionEnd): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    for (const timer of this.#timers) clearTimeout(timer);
    this.#cutOffLater();
    this.#resolve(end);
  }

  /** A peer that does not answer the close handshake (RFC 6455 section 7.1.1) is not waited for. */
  #cutOffLater(): void {
    setTimeout(() => this.#socket.terminate(), closeMs).unref();
  }
}

/** Others' words as they go into a message: bounded, and with nothing that a terminal would obey. */
const plain = (text: string) => text.slice(0, reasonLength).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');

const isCommand = ({ offerRequest, command, cancel, trust, auditHead }: CollectorFrame) =>
  Boolean(offerRequest ?? command ?? cancel ?? trust ?? auditHead);

/** Seconds as a collector sends them; bounded, so that a wrong value does not silence a host. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  return Math.min(retryAfterMaxMs, Number.parseInt(header, 10) * 1_000);
}
