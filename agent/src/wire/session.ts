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
  type LiveFrame,
  type Pulse,
  type Source,
  type Watch,
  type Welcome,
} from '@foretop/proto';
import type { Logger } from 'pino';
import { WebSocket, type RawData } from 'ws';
import type { Clock } from '../host/clock.ts';
import type { ClockOffset } from './clock-offset.ts';
import type { Enrolment } from './enrolment.ts';
import type { Identity } from './identity.ts';
import { signHello } from './jwt.ts';
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
}

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
const retryAfterMaxMs = 300_000;
const closeMs = 1_000;
/** Most of a close reason or an error that is repeated in a message. */
const reasonLength = 200;

export function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>();
  new Session(options, resolve).start();
  return promise;
}

type Phase = 'challenge' | 'signing' | 'welcome' | 'open' | 'ended';

class Session {
  readonly #options: SessionOptions;
  readonly #times: SessionTimes;
  readonly #socket: WebSocket;
  readonly #records: ReturnType<typeof createRecordLane>;
  readonly #resolve: (end: SessionEnd) => void;
  #phase: Phase = 'challenge';
  #welcomed = false;
  #stopping = false;
  #lastHeardMs = performance.now();
  #timers: NodeJS.Timeout[] = [];
  #failure: string | undefined;

  constructor(options: SessionOptions, resolve: (end: SessionEnd) => void) {
    this.#options = options;
    this.#times = { ...sessionTimes, ...options.times };
    this.#resolve = resolve;
    this.#socket = new WebSocket(options.url, 'foretop.agent.v1', {
      perMessageDeflate: false,
      maxPayload: limits.frameBytes,
      handshakeTimeout: this.#times.handshakeMs,
    });
    this.#records = createRecordLane({
      ...options,
      send: (frame) => this.#send(frame),
      readClock: () => this.#clock(),
    });
  }

  start(): void {
    const { signal } = this.#options;
    const abort = () => this.#stop();
    signal.addEventListener('abort', abort, { once: true });
    this.#socket.on('unexpected-response', (request, response) => {
      request.destroy();
      const retryAfterMs = retryAfterOf(response.headers['retry-after']);
      const reason = `the collector answered HTTP ${response.statusCode ?? 0}`;
      this.#end({ kind: 'lost', reason, welcomed: false, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    });
    this.#socket.on('open', () => this.#watchOver());
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#socket.on('ping', () => this.#heard());
    this.#socket.on('pong', () => this.#heard());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = (error.message || error.code || 'connection failed').slice(0, reasonLength);
    });
    this.#socket.on('close', (code, reason) => {
      signal.removeEventListener('abort', abort);
      this.#closed(code, reason.toString());
    });
    if (signal.aborted) abort();
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

  #receive(data: RawData, isBinary: boolean): void {
    this.#heard();
    if (this.#phase === 'ended') return;
    try {
      if (!isBinary) throw new ProtocolError('malformed-frame', 'the collector sent a text message');
      this.#dispatch(decodeCollectorFrame(data as Buffer));
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
    if (negotiateVersion(ours, { newest, oldest }) === undefined) {
      throw new ProtocolError(
        'version-unsupported',
        `it speaks ${oldest} to ${newest}, this agent ${ours.oldest} to ${ours.newest}`,
      );
    }
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
    const hello: Hello = {
      ...about,
      protocolVersion,
      minimumVersion: minimumProtocolVersion,
      jwt,
      clock: this.#clock(),
      epochs: spool.epochs(),
    };
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
      canTakeLive: () => this.#canTake(),
      live: (live) => void this.#send({ live }),
      isDrained: () => this.#records.isDrained(),
      goodbye: (reason) => void this.#send({ goodbye: { reason } }),
    });
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
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
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
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
    this.#cutOffLater();
  }

  #closed(code: number, reason: string): void {
    if (this.#stopping) return this.#end({ kind: 'stopped' });
    const close = closeNameOf(code);
    if (close && !closeReasons[close].retry) return this.#end({ kind: 'refused', close });
    const said = close ? closeReasons[close].text : reason.slice(0, reasonLength);
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

/** Seconds as a collector sends them; bounded, so that a wrong value does not silence a host. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  return Math.min(retryAfterMaxMs, Number.parseInt(header, 10) * 1_000);
}
