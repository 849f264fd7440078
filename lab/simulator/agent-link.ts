// One simulated host on the wire: the agent's own session, record lane and live lane, on a spool in memory.
import { type CloseName, protocolVersion } from '@foretop/proto';
import type { Logger } from 'pino';
import type { Tick } from '../../agent/src/collect/tick.ts';
import { pulseOf } from '../../agent/src/frame/pulse.ts';
import type { ClockOffset } from '../../agent/src/wire/clock-offset.ts';
import { type Connector, startConnector } from '../../agent/src/wire/connector.ts';
import { openDirectSocket } from '../../agent/src/wire/direct-socket.ts';
import { type Enrolment, parseEnrolmentToken } from '../../agent/src/wire/enrolment.ts';
import { createLivePublisher } from '../../agent/src/wire/live-publisher.ts';
import type { Spool } from '../../agent/src/wire/spool.ts';
import type { TokenSource } from './enrol-tokens.ts';
import { type HostState, identityOf } from './fleet-state.ts';
import type { SimulatedHost } from './host.ts';
import { MemorySpool, type SpooledBatch } from './spool.ts';

export interface AgentLinkOptions {
  host: SimulatedHost;
  state: HostState;
  collectorUrl: string;
  tokens: TokenSource;
  spoolBytes: number;
  /** Unix time, µs. */
  nowUs: () => number;
  /** Brings the host's connections up to date. */
  sync: () => void;
  /** How long after it was sealed each batch was acknowledged. */
  onAcknowledged?: ((delayMs: number) => void) | undefined;
  /** The host was enrolled. */
  changed: () => void;
  log: Logger;
}

export interface AgentLink {
  readonly spool: MemorySpool;
  /** Connects, or cuts the connection without a word. */
  setOnline(online: boolean): void;
  isConnected(): boolean;
  /** Why the collector will not have this host; then it does not come again. */
  refused(): CloseName | 'no-token' | undefined;
  /** `told`: this second goes over the pulse and live lanes; what changed in one that does not comes with the next that does. */
  ticked(tick: Tick, told: boolean): void;
  sealed(batches: SpooledBatch[]): void;
  isDrained(): boolean;
  stop(): Promise<void>;
}

/** A lease lives 15 s at most; a little longer costs nothing. */
const watchedUs = 20_000_000;
/** On average, after a token could not be had. */
const tokenRetryUs = 3_000_000;

export function createAgentLink(options: AgentLinkOptions): AgentLink {
  const { host, state, nowUs, sync, log } = options;
  const spool = new MemorySpool(options.spoolBytes, options.onAcknowledged);
  const clock = {
    boottimeUs: () => host.boottimeUs(nowUs()),
    wallUs: () => nowUs() + host.wallSkewUs,
  };
  const identity = identityOf(state);
  const offset = rememberOffset();
  const publisher = createLivePublisher({
    clock,
    bandwidth: () => bandwidthOf(host, clock.boottimeUs()),
    glance: () => undefined,
    lanes: () => (telling ? connector?.lanes() : undefined),
  });
  let connection: AbortController | undefined;
  let connector: Connector | undefined;
  let enrolment: Enrolment | undefined;
  let refused: CloseName | 'no-token' | undefined;
  let watchedUntilUs = 0;
  let telling = true;
  let retryUs = 0;

  async function connect(signal: AbortSignal): Promise<void> {
    try {
      enrolment ??= await enrolmentOf(state, options);
    } catch (error) {
      return withoutToken(error as Error);
    }
    if (signal.aborted) return;
    connector = startConnector({
      url: `${options.collectorUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/agent`,
      openSocket: openDirectSocket,
      commands: { opened: () => {}, handle: () => {} },
      ...{ identity, enrolment, clock, offset, log, signal },
      spool: sessionSpool(spool, host),
      bootId: host.bootId,
      hello: () => hello(host, state),
      onAck: () => {},
      onEnd: () => publisher.end(),
      onWatch(watch) {
        watchedUntilUs = nowUs() + watchedUs;
        sync();
        publisher.watch(watch);
      },
      random: host.wireRandom.unit,
    });
    refused = (await connector.ended) ?? refused;
  }

  /** Without a token there is no host; a collector that is not up yet is asked again. */
  function withoutToken(error: Error & { retryable?: boolean }): void {
    log.error({ event: 'no-token', host: host.name }, error.message);
    if (error.retryable === false) refused = 'no-token';
    connection = undefined;
    retryUs = nowUs() + tokenRetryUs * (0.5 + host.wireRandom.unit());
  }

  const disconnect = () => {
    connection?.abort();
    connection = undefined;
    publisher.end();
  };

  return {
    spool,
    setOnline(online) {
      if (online === (connection !== undefined)) return;
      if (!online) return disconnect();
      if (refused || nowUs() < retryUs) return;
      connection = new AbortController();
      void connect(connection.signal);
    },
    isConnected: () => connection !== undefined && connector?.lanes() !== undefined,
    refused: () => refused,
    ticked(tick, told) {
      telling = told;
      if (nowUs() < watchedUntilUs) sync();
      publisher.publish(tick);
      const { totals, seen, description } = host;
      const state = {
        ...{ eventsLost: totals.eventsLost, spooledBatches: spool.length },
        coveragePermille: description.tier < 3 ? seen.permille : undefined,
        ...{ missingSeconds: 0, lateSeconds: 0, backfilledSeconds: 0, givenUp: 0 },
      };
      if (told) connector?.lanes()?.pulse(pulseOf(tick, state));
    },
    sealed(batches) {
      for (const batch of batches) for (const lost of spool.push(batch)) reportLoss(host, lost);
      connector?.lanes()?.pump();
    },
    isDrained: () => spool.length === 0,
    async stop() {
      connector?.lanes()?.goodbye('stopping');
      disconnect();
      await connector?.ended;
    },
  };
}

async function enrolmentOf(state: HostState, { tokens, changed }: AgentLinkOptions): Promise<Enrolment> {
  const token = state.collectorId === undefined ? parseEnrolmentToken(await tokens()) : undefined;
  const collectorId = state.collectorId ?? token!.collectorId;
  let unused = token?.text;
  return {
    collectorId,
    hostId: () => state.hostId,
    token: () => unused,
    welcomed(hostId) {
      unused = undefined;
      if (state.hostId === hostId) return;
      state.hostId = hostId;
      state.collectorId = collectorId;
      changed();
    },
  };
}

function hello(host: SimulatedHost, state: HostState) {
  const { facts, tier, sources } = host.description;
  const agentVersion = `simulator (protocol ${protocolVersion})`;
  return { agentVersion, machineId: Buffer.from(state.machineId, 'hex'), host: facts, scope: 'machine', tier, sources };
}

function rememberOffset(): ClockOffset {
  let offsetUs: number | undefined;
  return {
    currentUs: () => offsetUs,
    ofBootUs: () => offsetUs,
    learn(collectorUs, receivedUs) {
      offsetUs = Math.round(collectorUs - receivedUs);
    },
  };
}

/** Within a second the rates of its end, with a flicker, so that ten samples a second are not one value ten times. */
function bandwidthOf({ lastTick, wireRandom }: SimulatedHost, boottimeUs: number) {
  const flicker = 0.85 + 0.3 * wireRandom.unit();
  const { rxRate = 0, txRate = 0, loopbackRate = 0 } = lastTick?.host ?? {};
  return { boottimeUs, rxRate: rxRate * flicker, txRate: txRate * flicker, loopbackRate: loopbackRate * flicker };
}

function reportLoss({ recorder }: SimulatedHost, { startUs, endUs, rows }: SpooledBatch): void {
  const { segments, processes, processMinutes, metricChunks, gaps, dnsRows, scanRows } = rows;
  const lost = segments + processes + processMinutes + metricChunks + gaps + dnsRows + scanRows;
  recorder.addGap({ startUs, endUs, reason: 'spool-overflow', lost, detail: 'the simulated spool was full' });
}

/** The agent's session sees the memory spool as it sees its own on disk; of that it uses only what sends and acknowledges. */
function sessionSpool(spool: MemorySpool, host: SimulatedHost): Spool {
  const { epoch, bootId } = host;
  const wallOffsetUs = host.bootUnixUs + host.wallSkewUs;
  const used: Pick<Spool, 'epochs' | 'next' | 'read' | 'acknowledge'> = {
    epochs() {
      spool.rewind();
      return spool.held(epoch);
    },
    next(order) {
      const batch = spool.after(order);
      if (!batch) return undefined;
      const { sequence, payload, payloadBytes, startUs, endUs } = batch;
      return {
        epoch,
        sequence,
        bootId,
        wallOffsetUs,
        startUs,
        endUs,
        bodyBytes: payloadBytes,
        rows: 0,
        order: sequence,
        recordBytes: payload.length,
      };
    },
    read({ sequence }) {
      const batch = spool.after(sequence - 1);
      if (batch?.sequence !== sequence) return undefined;
      const { previousSequence, payload, payloadBytes } = batch;
      return { epoch, sequence, previousSequence, payload, payloadBytes, wallOffsetUs, bootId };
    },
    acknowledge: (_epoch, sequence) => spool.acknowledge(sequence),
  };
  return used as Spool;
}
