// A fleet of simulated hosts against a real collector, with the truth about them.
//
// Invariant: what a host records depends on seed, run, start and the simulated time only, never on the wire. The one
// exception is the gap that a full spool leaves.
import type { Logger } from 'pino';
import { type AgentLink, createAgentLink } from './agent-link.ts';
import type { TokenSource } from './enrol-tokens.ts';
import { openFleetState } from './fleet-state.ts';
import type { SimulatedHost } from './host.ts';
import { createPace } from './pace.ts';
import type { FleetProfile } from './profiles/catalogue.ts';
import { type FleetTruth, hostTruth } from './truth.ts';
import { createWorld, stepsPerSecond, type WorldOptions } from './world.ts';

export interface FleetOptions extends Pick<WorldOptions, 'recorded' | 'scale' | 'skewedShare' | 'outages' | 'attacks'> {
  collectorUrl: string;
  /** Asked once for each host that is not yet enrolled. */
  tokens: TokenSource;
  hosts: number;
  seed: string;
  profile: FleetProfile;
  /** Simulated seconds a second while the past is caught up with; the present goes at 1. */
  speed?: number;
  /** Begin this far in the past. */
  historySeconds?: number;
  /** Where keys and enrolments are kept; without it every fleet is made of new hosts. */
  dataDir?: string;
  /** Bound of each host's spool; the oldest batches go first. */
  spoolBytes?: number;
  /** How long after it was sealed each batch of any host was acknowledged. */
  onAcknowledged?: (delayMs: number) => void;
  log: Logger;
  /** Unix time, µs. */
  nowUs?: () => number;
}

export interface Fleet extends AsyncDisposable {
  start(): void;
  /** Shuts every host down: connections close, all is sealed, and sent within `drainMs`. */
  stop(drainMs?: number): Promise<void>;
  /** `connections: false` leaves out the lists of open connections, which are long. */
  truth(options?: { connections?: boolean }): FleetTruth;
}

const stepMs = 1_000 / stepsPerSecond;
/** Of each step's time, so that the wire gets its turn while the past is caught up with. */
const busyMs = stepMs * 0.7;
/** New connections a second: the collector has an admission rate of its own. */
const connectsPerSecond = 200;
/** While the past is caught up with, the simulation waits when so many batches a host are not yet acknowledged. */
const congestedBatches = 20;
/** Further behind than this is the past: pulses and live frames are thinned out, and the spools may hold the simulation up. */
const behindUs = 5_000_000;

export function createFleet(options: FleetOptions): Fleet {
  const {
    seed,
    profile,
    collectorUrl,
    tokens,
    dataDir,
    log,
    speed = 1,
    historySeconds = 0,
    spoolBytes = 16 << 20,
  } = options;
  const nowUs = options.nowUs ?? (() => Date.now() * 1_000);
  const state = openFleetState(dataDir, options.hosts);
  const pace = createPace({ startedUs: nowUs(), historySeconds, speed, livedUs: state.untilUs });
  const links: AgentLink[] = [];
  let timer: NodeJS.Timeout | undefined;
  let saveTimer: NodeJS.Timeout | undefined;
  let stopping: Promise<void> | undefined;

  const linkOf = (host: SimulatedHost) => links[host.index]!;
  const behind = () => nowUs() - world.nowUs() > behindUs;
  const world = createWorld(
    { ...options, seed, profile, startUs: pace.beginUs, run: state.run },
    {
      ticked(host, tick) {
        const second = Math.floor((world.nowUs() - pace.beginUs) / 1e6);
        const link = linkOf(host);
        const mayConnect = second >= Math.floor(host.index / connectsPerSecond);
        link.setOnline(mayConnect && world.online(host));
        link.ticked(tick, !behind() || second % Math.ceil(speed) === 0);
      },
      sealed: (host, batches) => linkOf(host).sealed(batches),
    },
  );
  for (const host of world.hosts) {
    const changed = () => {
      saveTimer ??= setTimeout(save, 1_000);
    };
    const sync = () => world.sync(host);
    links.push(
      createAgentLink({
        host,
        state: state.hosts[host.index]!,
        collectorUrl,
        tokens,
        spoolBytes,
        onAcknowledged: options.onAcknowledged,
        nowUs,
        sync,
        changed,
        log,
      }),
    );
  }

  function save(): void {
    clearTimeout(saveTimer);
    saveTimer = undefined;
    state.save(world.nowUs());
  }

  const congested = () =>
    behind() && links.reduce((sum, { spool }) => sum + spool.length, 0) > links.length * congestedBatches;

  function advance(): void {
    const untilMs = performance.now() + busyMs;
    const targetUs = pace.targetUs(nowUs());
    while (world.nowUs() + stepMs * 1_000 <= targetUs && performance.now() < untilMs && !congested()) world.step();
  }

  async function shutDown(drainMs: number): Promise<void> {
    clearInterval(timer);
    if (timer) world.finish();
    for (const link of links) link.setOnline(timer !== undefined); // whoever is cut off comes back to deliver
    const untilMs = performance.now() + drainMs;
    while (performance.now() < untilMs && links.some((link) => !link.isDrained() && !link.refused())) await sleep(20);
    await Promise.all(links.map((link) => link.stop()));
    save();
  }

  const stop = (drainMs = 10_000) => (stopping ??= Promise.resolve().then(() => shutDown(drainMs)));
  return {
    start() {
      timer ??= setInterval(advance, stepMs);
    },
    stop,
    truth({ connections = true } = {}) {
      const hosts = world.hosts.map((host) =>
        hostTruth(host, linkOf(host), state.hosts[host.index]!, world, connections),
      );
      return { nowUs: world.nowUs(), run: state.run, hosts, attacks: world.attacks() };
    },
    [Symbol.asyncDispose]: () => stop(),
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
