// The simulated world: hosts that live a second at a time, each in its own twentieth of the second, in a fixed order.
import type { Tick } from '../../agent/src/collect/tick.ts';
import { type AttackTruth, createAttacks } from './attacks.ts';
import { FlowTable } from './flow-table.ts';
import { SimulatedHost } from './host.ts';
import { browse } from './lookups.ts';
import { createOutages, type Outages, type OutageOptions } from './outages.ts';
import { type FleetProfile, profileOf } from './profiles/catalogue.ts';
import type { Job, Profile, ProfileName } from './profiles/profile.ts';
import { createRandom } from './random.ts';
import { askAsRecorded } from './recording/recorded-questions.ts';
import { vary } from './recording/snapshot-profile.ts';
import { work } from './simulated-process.ts';
import type { SpooledBatch } from './spool.ts';
import { advance, close, type Moment, open } from './traffic.ts';
import { disturb, readCoverage } from './watch-loss.ts';

export interface WorldOptions {
  seed: string;
  hosts: number;
  profile: FleetProfile;
  /** Made from snapshots, one host after the other; in place of `profile`. */
  recorded?: readonly Profile[];
  /** Unix time at which the simulation begins, µs. */
  startUs: number;
  /** Which start of the fleet this is, from 1. */
  run?: number;
  /** Multiplies how many connections every host has. */
  scale?: number;
  /** Share of hosts whose wall clock is far off. */
  skewedShare?: number;
  outages?: OutageOptions;
  /** Some hosts are attacked, or attack: see attacks.ts. */
  attacks?: boolean;
}

export interface WorldListener {
  /** A host looked at itself. */
  ticked(host: SimulatedHost, tick: Tick): void;
  sealed(host: SimulatedHost, batches: SpooledBatch[]): void;
}

export interface World {
  readonly hosts: readonly SimulatedHost[];
  readonly flows: FlowTable;
  nowUs(): number;
  /** Lives on for a twentieth of a second. */
  step(): void;
  /** All hosts shut down: every connection closes, everything is sealed. */
  finish(): void;
  /** False while the host is cut off from the collector. */
  online(host: SimulatedHost): boolean;
  /** Counters in the host's connections become those of now. */
  sync(host: SimulatedHost): void;
  attacks(): AttackTruth[];
}

export const stepsPerSecond = 20;
const stepUs = 1_000_000 / stepsPerSecond;
const flushSeconds = 5;

export function createWorld(options: WorldOptions, listener: WorldListener): World {
  const { seed, startUs, run = 1, scale = 1, skewedShare = 0 } = options;
  const flows = new FlowTable();
  const hosts = Array.from({ length: options.hosts }, (_, index) => {
    return new SimulatedHost({ seed, run, index, profile: profileFor(options, index), startUs, skewedShare });
  });
  const outages: Outages[] = hosts.map(({ index }) => createOutages(`${seed}/${index}/${run}`, options.outages));
  const byProfile = Map.groupBy(hosts, ({ profile }) => profile.name);
  const hostsWith = (profile: ProfileName | 'any') => (profile === 'any' ? hosts : (byProfile.get(profile) ?? []));
  const attacks = options.attacks === true ? createAttacks({ seed, startUs, hosts }) : undefined;
  let step = 0;
  const nowUs = () => startUs + step * stepUs;
  const moment = (): Moment => {
    return { flows, hostsWith, tick: Math.floor(step / stepsPerSecond), step, stepsPerSecond, nowUs: nowUs(), scale };
  };
  const sync = (host: SimulatedHost) => {
    for (const end of host.ends.values()) flows.sync(end, step, stepsPerSecond);
  };

  for (const host of hosts) {
    for (const traffic of host.profile.traffic) {
      const count = host.random.round(traffic.open * scale);
      for (let n = 0; n < count; n++) open(host, traffic, moment(), true);
    }
  }

  function look(host: SimulatedHost, now: Moment): Tick {
    const tick = tickOf(host, now.nowUs);
    host.lastTick = tick;
    host.recorder.observe(tick);
    return tick;
  }

  function live(host: SimulatedHost, now: Moment): void {
    const load = loadOf(host, now.nowUs);
    if (host.lastTick) {
      advance(host, now, load);
      runJobs(host, now);
      if (host.profile.name === 'noisy') disturb(host, now.nowUs);
      if (host.profile.name === 'workstation' && host.random.chance(1 / 20)) browse(host, now.nowUs);
      askAsRecorded(host, now.nowUs, load);
      attacks?.live(host, now.nowUs);
      for (const process of host.processes.values()) work(process, host.random, load);
    }
    listener.ticked(host, look(host, now));
    const isDue =
      now.tick > 0 && (now.tick + host.index + Math.floor(host.index / stepsPerSecond)) % flushSeconds === 0;
    if (!isDue) return;
    sync(host);
    listener.sealed(host, host.flush(false));
  }

  return {
    hosts,
    flows,
    nowUs,
    step() {
      const now = moment();
      for (let index = step % stepsPerSecond; index < hosts.length; index += stepsPerSecond) live(hosts[index]!, now);
      step++;
    },
    finish() {
      const now = moment();
      for (const host of hosts) for (const end of [...host.ends.values()]) close(end, now);
      for (const host of hosts) {
        for (const process of [...host.processes.values()]) host.exit(process, now.nowUs);
        for (const listening of host.connections.values()) listening.closedUs = host.boottimeUs(now.nowUs);
        host.closed.push(...host.connections.values());
        host.connections.clear();
        look(host, now);
        listener.sealed(host, host.flush(true));
      }
    },
    online: (host) => outages[host.index]!.online(Math.floor(step / stepsPerSecond)),
    sync,
    attacks: () => attacks?.truth() ?? [],
  };
}

function profileFor({ seed, profile, recorded }: WorldOptions, index: number): Profile {
  const one = recorded ? recorded[index % recorded.length]! : profileOf(profile, index);
  return one.name === 'recorded' ? vary(one, createRandom(`${seed}/${index}/variation`)) : one;
}

/** Between 0.6 and 1.4: each host has its own slow wave. */
function loadOf({ index }: SimulatedHost, nowUs: number): number {
  const periodSeconds = 420 + ((index * 137) % 900);
  return 1 + 0.4 * Math.sin((2 * Math.PI * (nowUs / 1e6 + index * 97)) / periodSeconds);
}

function runJobs(host: SimulatedHost, now: Moment): void {
  for (const process of host.processes.values()) if (process.exitTick <= now.tick) host.exit(process, now.nowUs);
  for (const job of host.profile.jobs) if (host.random.chance(1 / job.everySeconds)) startJob(host, job, now);
}

function startJob(host: SimulatedHost, { template, lifeSeconds }: Job, now: Moment): void {
  const exitTick = now.tick + 1 + Math.floor(host.random.exponential(lifeSeconds));
  host.started.push(host.start(template, host.boottimeUs(now.nowUs), exitTick));
}

function tickOf(host: SimulatedHost, nowUs: number): Tick {
  const boottimeUs = host.boottimeUs(nowUs);
  const { opened, closed, started, exited, dns, scans } = host;
  host.opened = [];
  host.closed = [];
  host.started = [];
  host.exited = [];
  host.dns = [];
  host.scans = [];
  return {
    boottimeUs,
    previousUs: host.lastTick?.boottimeUs ?? boottimeUs,
    connections: host.connections,
    opened,
    closed,
    processes: host.trackedProcesses,
    started: started.map(({ tracked }) => tracked),
    exited: exited.map(({ tracked }) => tracked),
    interfaces: host.readInterfaces(),
    host: readHost(host),
    failures: [],
    dns,
    scans,
    coverage: readCoverage(host),
    eventsLost: host.totals.eventsLost,
  };
}

function readHost(host: SimulatedHost): Tick['host'] {
  const { loopback, uplink } = host.interfaces;
  const { cpus, memoryGb } = host.profile;
  const memoryBytes = memoryGb * 2 ** 30;
  let cpuPermille = 5 * cpus;
  let memoryUsedBytes = memoryBytes / 8;
  for (const { tracked } of host.processes.values()) {
    cpuPermille += tracked.cpuPermille;
    memoryUsedBytes += tracked.memoryBytes;
  }
  return {
    cpuPermille: Math.min(1_000, cpuPermille / cpus),
    memoryUsedBytes: Math.min(memoryBytes, Math.round(memoryUsedBytes)),
    memoryTotalBytes: memoryBytes,
    rxRate: uplink.rxRate,
    txRate: uplink.txRate,
    loopbackRate: loopback.rxRate,
    openConnections: host.openConnections,
    processes: host.processes.size,
  };
}
