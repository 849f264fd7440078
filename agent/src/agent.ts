// The agent put together: a look at the host each second, into three lanes, to one collector.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CloseName, formatAddress, type HostPolicy, type Pulse } from '@foretop/proto';
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { openNetwork, type Network } from './broker/network.ts';
import { ClearText, mayReadText } from './collect/clear-text.ts';
import { openHostCollector, type HostCollector, type Inspected } from './collect/collector.ts';
import type { Tick } from './collect/tick.ts';
import { readTimeZone } from './config/environment.ts';
import type { RunConfig } from './config/run-config.ts';
import { createBudget, budgetSteps, type Budget } from './frame/budget.ts';
import { createCoverageWindow } from './frame/coverage-window.ts';
import { createDelivery } from './frame/delivery.ts';
import { pulseOf } from './frame/pulse.ts';
import { createRecorder, type Recorder } from './frame/recorder.ts';
import type { ProbeReading } from './frame/watch-metrics.ts';
import { lockFile } from './host/file-lock.ts';
import { openTrust, type Trust } from './trust/trust.ts';
import { openClockOffset, type ClockOffset } from './wire/clock-offset.ts';
import { startConnector, type Connector } from './wire/connector.ts';
import { openDataDirectory, type DataDirectory, type LockFile } from './wire/data-directory.ts';
import { openEnrolment, type Enrolment, type EnrolmentToken, type OwnerPins } from './wire/enrolment.ts';
import { openIdentity } from './wire/identity.ts';
import { createLivePublisher, type LivePublisher } from './wire/live-publisher.ts';
import { openAhead } from './wire/open-ahead.ts';
import { createRecordKeeper } from './wire/record-keeper.ts';
import { type HostHello, type Lanes, socketRequest } from './wire/session.ts';
import { logDisk, openAgentSpool } from './wire/agent-spool.ts';
import type { Spool } from './wire/spool.ts';
import type { SpoolLoss } from './wire/spool-index.ts';
import { sourceStatus, writeStatus } from './wire/status.ts';

export const agentVersion: string = packageJson.version;

export interface AgentOptions {
  config: RunConfig;
  token: EnrolmentToken | undefined;
  log: Logger;
  /** Stops the agent: what is known is spooled, and sent if that takes no more than a moment. */
  signal: AbortSignal;
  /** Stand-ins for the host, in tests. */
  openHost?: typeof openHostCollector;
  lock?: LockFile;
  /** Told after each look at the host. */
  onLook?: () => void;
}

const secondUs = 1_000_000;
const flushUs = 5_000_000;
/** A second nearer than this is left out: two looks must not fall together. */
const closestUs = 200_000;
/** Between two looks once the budget took a sample every second; collectors call a host stale after five seconds. */
const slowTickUs = 3_000_000;
const goodbyeMs = 2_000;
/** Long enough for a near collector's answer. */
const turnMs = 2;

/** @returns why the collector refused this agent for good, or undefined after `signal`. Throws AgentError. */
export async function runAgent(options: AgentOptions): Promise<CloseName | undefined> {
  const { config, log } = options;
  using directory = openDataDirectory(config.dataDirectory, options.lock ?? lockFile);
  const identity = await openIdentity(directory.file('agent-key.json'));
  await using trust = await openTrust({
    ...{ directory: directory.path, ceilingFile: config.ceilingFile, identity, log },
    collectorOffsetUs: () => offset.currentUs(),
    nameOf: (remote) => run.nameOf(remote),
    ownPids: () => network.processes(),
    collectorUrl: config.socketUrl,
  });
  const token = withPins(options.token, (pins) => trust.pins(pins));
  const enrolment = openEnrolment(directory.file('enrolment.json'), token);
  const network = await openNetwork({
    ...{ split: config.privilegeSplit, environment: config.networkEnvironment, dataDirectory: directory.path, log },
    mayAct: () => allowsMore(trust.policy()),
  });
  // The connection is made while the host is looked at for the first time, which lets nothing else run: it is begun before.
  using ahead = openAhead(network.open, socketRequest(config.socketUrl));
  await sleep(turnMs);
  using host = (options.openHost ?? openHostCollector)({
    log,
    engine: config.engine,
    memoryLimitBytes: config.memoryLimitBytes,
    hideCommandLines: trust.withheld().includes('command-lines'),
    ...(config.name === undefined ? {} : { name: config.name }),
  });
  using clearText = new ClearText({ clock: host.clock, log });
  const losses: SpoolLoss[] = [];
  using spool = openAgentSpool(directory, config.maxSpoolBytes, log, (loss) => losses.push(loss));
  const offset = openClockOffset(directory.file('clock.json'), host.bootId, (error) => logDisk(log, error));
  const run = new Run({ ...options, directory, host, clearText, enrolment, spool, offset, losses, network, trust });
  trust.watch((reading) => run.probed(reading));
  using live = createLivePublisher({
    clock: host.clock,
    bandwidth: () => host.bandwidth(),
    glance: () => host.glance(),
    lanes: () => connector.lanes(),
  });
  const disconnect = new AbortController();
  const connector: Connector = startConnector({
    ...{ url: config.socketUrl, identity, enrolment, spool, offset, log, clock: host.clock, bootId: host.bootId },
    openSocket: ahead.open,
    random: Math.random,
    hello: () => helloOf(host, run.policy()),
    commands: trust,
    onWatch: (watch) => live.watch(watch),
    onAck: () => run.acknowledged(),
    onOpened: (lanes) => run.opened(lanes),
    onEnd: () => live.end(),
    signal: disconnect.signal,
  });
  const stopped = stopSignal(options.signal, connector);
  await sleep(turnMs); // so that the collector looks at the Hello meanwhile
  await run.until(stopped, connector, live);
  await trust.stopTools();
  await part(connector);
  disconnect.abort();
  const refusal = await connector.ended;
  run.writeStatus(connector);
  log.info({ event: 'stopped' }, 'Foretop agent stopped.');
  return refusal;
}

interface RunParts extends AgentOptions {
  directory: DataDirectory;
  host: HostCollector;
  clearText: ClearText;
  enrolment: Enrolment;
  spool: Spool;
  offset: ClockOffset;
  losses: SpoolLoss[];
  network: Network;
  trust: Trust;
}

/** The loop that looks once a second and flushes every five. */
class Run {
  readonly #parts: RunParts;
  readonly #recorder: Recorder;
  readonly #startedAt = new Date().toISOString();
  readonly #hostName: string;
  #acknowledgedAt: string | null = null;
  readonly #budget: Budget;
  readonly #coverage = createCoverageWindow();
  readonly #delivery = createDelivery();
  #tick: Tick | undefined;
  #missingSeconds = 0;
  #inspected: Inspected = { quic: true, tls: true, dns: true };
  #statusFailed = false;
  #toldPolicy = '';

  constructor(parts: RunParts) {
    this.#parts = parts;
    const { host, spool, config } = parts;
    this.#hostName = host.facts().name ?? '';
    this.#budget = createBudget({ cpuPercent: config.cpuLimitPercent, memoryBytes: config.memoryLimitBytes });
    const checkpoint = spool.checkpoint ? { checkpoint: spool.checkpoint } : {};
    this.#recorder = createRecorder({ bootId: host.bootId, offsetUs: () => this.#offsetUs(), ...checkpoint });
  }

  acknowledged(): void {
    this.#acknowledgedAt = new Date().toISOString();
    const { host, spool } = this.#parts;
    this.#delivery.delivered(host.clock.boottimeUs(), spool.counters().batches);
  }

  probed(reading: ProbeReading): void {
    this.#recorder.observeProbe(reading);
  }

  async until(stopped: AbortSignal, connector: Connector, live: LivePublisher): Promise<void> {
    const { spool, offset, host } = this.#parts;
    const { clock, bootId } = host;
    const keeper = createRecordKeeper({ recorder: this.#recorder, spool, offset, clock, bootId });
    let flushedUs = clock.boottimeUs();
    const flush = (final: boolean) => {
      this.writeStatus(connector);
      for (const loss of this.#parts.losses.splice(0)) keeper.addLoss(loss);
      for (const gap of this.#budget.takeGaps(clock.boottimeUs())) this.#recorder.addGap(gap);
      const before = spool.counters().batches;
      keeper.flush(final);
      const nowUs = clock.boottimeUs();
      const seconds = Math.round((nowUs - flushedUs) / secondUs);
      const batches = spool.counters().batches - before;
      this.#delivery.flushed({ nowUs, seconds, batches });
      flushedUs = nowUs;
      const lanes = connector.lanes();
      if (lanes && this.#toldPolicy !== JSON.stringify(policyOf(this.#parts.trust, this.#parts.network)))
        lanes.policy(this.policy());
      lanes?.pump();
    };
    this.#inspect(this.#parts.trust.policy());
    this.#look(connector, live);
    const { tier, scope } = host;
    this.#parts.log.info({ event: 'started', version: agentVersion, tier, scope }, 'Foretop agent started.');
    for (;;) {
      await sleep(this.#untilNextSecondMs(), undefined, { signal: stopped }).catch(() => undefined);
      if (stopped.aborted) break;
      this.#look(connector, live);
      if (clock.boottimeUs() - flushedUs >= flushUs - closestUs) flush(false);
    }
    this.#observe(connector, false);
    flush(true);
  }

  #look(connector: Connector, live: LivePublisher): void {
    live.publish(this.#observe(connector, live.isWatched()));
    this.#parts.onLook?.();
    this.#keepBudget(live);
  }

  #observe(connector: Connector, watched: boolean): Tick {
    const tick = this.#parts.host.tick(watched);
    this.#tick = tick;
    this.#recorder.observe(tick);
    this.#recorder.observeCards(this.#parts.clearText.take(tick));
    this.#coverage.observe(tick);
    this.#missingSeconds += this.#recorder.missedSeconds(tick);
    const lanes = connector.lanes();
    lanes?.pulse(this.#pulse(tick));
    lanes?.pump();
    return tick;
  }

  /** A connection is there: what the last look saw need not wait for the next one. */
  opened(lanes: Lanes): void {
    if (this.#tick) lanes.pulse(this.#pulse(this.#tick));
  }

  #pulse(tick: Tick): Pulse {
    return pulseOf(tick, {
      eventsLost: this.#recorder.lostRows() + (tick.eventsLost ?? 0),
      spooledBatches: this.#parts.spool.counters().batches,
      coveragePermille: this.#coverage.permille(),
      missingSeconds: this.#missingSeconds,
      ...this.#delivery.counts(),
      givenUp: this.#budget.givenUp(),
    });
  }

  /** What the host's owner allows now, to be told to the collector. */
  policy(): HostPolicy {
    const policy = policyOf(this.#parts.trust, this.#parts.network);
    this.#toldPolicy = JSON.stringify(policy);
    return policy;
  }

  /** Of a connection's far end, as the last look knows it; empty = not known. */
  nameOf({ pid, address, port }: { pid: number; address: string; port: number }): string {
    const found = this.#tick?.connections.values().find((connection) => {
      const isThere = connection.remotePort === port && connection.pid === pid && connection.name !== undefined;
      return isThere && formatAddress(connection.remoteAddress) === address;
    });
    return found?.name ?? '';
  }

  #keepBudget(live: LivePublisher): void {
    const { host, log, network, trust } = this.#parts;
    const { user, system } = process.cpuUsage();
    const policy = trust.policy();
    network.review(() => allowsMore(policy));
    const worker = network.use();
    const use = {
      nowUs: host.clock.boottimeUs(),
      cpuUs: user + system + worker.cpuUs,
      memoryBytes: process.memoryUsage.rss() + worker.memoryBytes,
    };
    const hasChanged = this.#budget.observe(use);
    if (this.#budget.isShortOfMemory()) host.relieve();
    this.#inspect(policy);
    if (!hasChanged) return;
    const givenUp = this.#budget.givenUp();
    live.limitRate(givenUp & 8 ? 1 : Infinity);
    log.warn({ event: 'budget', givenUp }, 'What the agent gives up to stay within its budget has changed.');
  }

  /** What neither the budget nor the host's owner has ruled out. */
  #inspect(policy: HostPolicy): void {
    const givenUp = this.#budget.givenUp();
    const withheld = policy.withheld ?? [];
    this.#parts.clearText.allow(givenUp === 0 && mayReadText(policy));
    const names = !withheld.includes('server-names');
    const dns = !withheld.includes('dns') && !(givenUp & 4);
    const wanted = { quic: names && !(givenUp & 1), tls: names && !(givenUp & 2), dns };
    const isSame =
      wanted.quic === this.#inspected.quic && wanted.tls === this.#inspected.tls && dns === this.#inspected.dns;
    if (isSame) return;
    this.#inspected = wanted;
    this.#parts.host.inspect(wanted);
  }

  /** The collector's clock as far as it is known, else this host's. */
  #offsetUs(): number {
    const { offset, host } = this.#parts;
    return offset.currentUs() ?? host.clock.wallUs() - host.clock.boottimeUs();
  }

  /** Whole seconds of the collector's clock, so that neither the work nor the timer makes the rhythm drift. */
  #untilNextSecondMs(): number {
    const nowUs = this.#parts.host.clock.boottimeUs() + this.#offsetUs();
    const periodUs = this.#budget.givenUp() & 16 ? slowTickUs : secondUs;
    const waitUs = periodUs - (nowUs % periodUs);
    return (waitUs < closestUs ? waitUs + periodUs : waitUs) / 1_000;
  }

  writeStatus(connector: Connector): void {
    const { directory, log } = this.#parts;
    try {
      writeStatus(directory.file('status.json'), this.#status(connector));
      this.#statusFailed = false;
    } catch (error) {
      if (!this.#statusFailed)
        log.warn({ event: 'status-not-written', error: String(error) }, 'status.json cannot be written.');
      this.#statusFailed = true;
    }
  }

  #status(connector: Connector) {
    const { host, enrolment, spool, config, network, trust } = this.#parts;
    return {
      version: agentVersion,
      pid: process.pid,
      hostName: this.#hostName,
      startedAt: this.#startedAt,
      writtenAt: new Date().toISOString(),
      collector: config.collectorUrl,
      collectorId: enrolment.collectorId,
      hostId: enrolment.hostId() ?? null,
      connection: connector.state(),
      lastAcknowledgedAt: this.#acknowledgedAt,
      network: network.state(),
      policy: policyOf(trust, network),
      tier: host.tier,
      scope: host.scope,
      sources: host.sources().map(sourceStatus),
      spool: { ...spool.counters(), maxBytes: config.maxSpoolBytes },
      lostRows: this.#recorder.lostRows(),
      eventsLost: this.#tick?.eventsLost ?? 0,
      kernelEntries: this.#tick?.kernelEntries ?? null,
      coveragePermille: this.#coverage.permille() ?? null,
      givenUp: budgetSteps.filter(({ bit }) => this.#budget.givenUp() & bit).map(({ what }) => what),
      connections: this.#tick?.host.openConnections ?? 0,
      leftOut: this.#tick?.leftOut ?? 0,
      processes: this.#tick?.host.processes ?? 0,
    };
  }
}

function helloOf(host: HostCollector, policy: HostPolicy): HostHello {
  const { machineId, scope, tier } = host;
  const facts = { ...host.facts(), timeZone: readTimeZone() };
  return { agentVersion, machineId, host: facts, scope, tier, sources: host.sources(), policy };
}

/** Whether the collector may ask for anything but looking. */
const allowsMore = ({ allowed }: HostPolicy) => allowed?.some((what) => what !== 'observe') ?? false;

function policyOf(trust: Trust, network: Network): HostPolicy {
  return { ...trust.policy(), privilegeSplit: network.state().split };
}

/** The token is spent once its pins are kept, and not before. */
function withPins(token: EnrolmentToken | undefined, pin: (pins: OwnerPins) => void): EnrolmentToken | undefined {
  if (!token?.pins) return token;
  const { pins, spent } = token;
  return { ...token, spent: () => (pin(pins), spent?.()) };
}

function stopSignal(signal: AbortSignal, connector: Connector): AbortSignal {
  const refused = new AbortController();
  void connector.ended.then(() => refused.abort());
  return AbortSignal.any([signal, refused.signal]);
}

/** Gives the last batches a moment to be acknowledged, then says goodbye. */
async function part(connector: Connector): Promise<void> {
  const untilMs = performance.now() + goodbyeMs;
  const isBusy = () => connector.state().state === 'connecting' || connector.lanes()?.isDrained() === false;
  while (isBusy() && performance.now() < untilMs) await sleep(20);
  connector.lanes()?.goodbye('stopping');
}
