// Hosts made from a snapshot: a profile of it, and of that one variation a host.
import { parseAddress } from '../../../agent/src/host/portable/address.ts';
import {
  contained,
  type FarEnd,
  type Job,
  type ProcessTemplate,
  type Profile,
  service,
  type Traffic,
} from '../profiles/profile.ts';
import type { Random } from '../random.ts';
import { type Snapshot, SnapshotFault, type SnapshotProcess, type SnapshotTraffic } from './snapshot.ts';

/** What the simulation multiplies a connection's rate by is this on average: e^(1/2), of Random.heavy(1). */
const heavyMean = Math.exp(0.5);

/** Throws SnapshotFault when an address of a far end is none. */
export function profileOfSnapshot(snapshot: Snapshot): Profile {
  const { system, interfaces, processes, questions } = snapshot;
  const farEnds = snapshot.farEnds.map(({ address, name }): FarEnd => {
    const bytes = parseAddress(address);
    if (!bytes) throw new SnapshotFault(`'${address}' is not an address`);
    return { address: bytes, name };
  });
  const [uplink] = interfaces;
  const templates = new Map(processes.map((process) => [process.key, templateOf(process)]));
  return {
    name: 'recorded',
    label: 'recorded',
    os: system.os,
    kernel: system.kernel,
    arch: system.arch,
    cpus: system.cpus,
    memoryGb: system.memoryGb,
    linkMbit: uplink?.speedMbit ?? 0,
    ...(uplink && { uplink: { name: uplink.name, mtu: uplink.mtu } }),
    processes: [...templates.values()].filter(({ count }) => count > 0),
    listeners: snapshot.listeners,
    traffic: snapshot.traffic.flatMap((one) => trafficOf(one, farEnds)),
    jobs: processes.flatMap((process) => jobOf(process, templates.get(process.key)!)),
    questions,
  };
}

/** The same host but for its numbers: each is up to a quarter more or less, how many are open or run up to a tenth. */
export function vary(profile: Profile, random: Random): Profile {
  const within = (share: number) => 1 - share + 2 * share * random.unit();
  const pace = within(0.1);
  const traffic = profile.traffic.map((one) => ({
    ...one,
    open: one.open * pace * within(0.05),
    upBytes: one.upBytes * within(0.25),
    downBytes: one.downBytes * within(0.25),
  }));
  const processes = profile.processes.map((process) => ({
    ...process,
    cpuPermille: Math.round(process.cpuPermille * within(0.25)),
    memoryMb: Math.max(1, process.memoryMb * within(0.25)),
  }));
  const jobs = profile.jobs.map((job) => ({ ...job, everySeconds: job.everySeconds * within(0.1) }));
  const questions = profile.questions?.map((one) => ({ ...one, perMinute: one.perMinute * pace }));
  return { ...profile, traffic, processes, jobs, ...(questions && { questions }) };
}

function templateOf(process: SnapshotProcess): ProcessTemplate {
  const { key, program, executable, unit, root, container, containerRuntime } = process;
  const { count, cpuPermille, memoryMb, threads, descriptors } = process;
  const numbers = { count: Math.round(count), cpuPermille, memoryMb: Math.max(1, memoryMb), threads, descriptors };
  const user = root ? 'root' : 'app';
  const runtime = containerRuntime === 'docker' ? 'docker' : 'containerd';
  const template =
    container > 0
      ? contained(key, user, executable, { runtime, name: `recorded-${container}` }, numbers)
      : service(key, user, executable, unit, numbers);
  const outsideUnits = container === 0 && unit === '' ? { cgroup: '/', unit: '' } : {};
  return { ...template, ...outsideUnits, comm: program.slice(0, 15) };
}

function jobOf({ startsPerMinute, lifeSeconds }: SnapshotProcess, template: ProcessTemplate): Job[] {
  if (startsPerMinute === 0) return [];
  // Processes that stay are of another pool: what stays is never of one that goes.
  const key = template.count > 0 ? `${template.key} (passing)` : template.key;
  return [{ template: { ...template, key }, everySeconds: 60 / startsPerMinute, lifeSeconds }];
}

/** A connection here lives for whole seconds, at least one, and carries something in each of them. */
const wholeSeconds = (life: number) => Math.max(1, Math.round(life));

/** One for those that were there, one for those that came. */
function trafficOf(one: SnapshotTraffic, known: readonly FarEnd[]): Traffic[] {
  const { process, role, peer, protocol, port, stuckIn, ipv6 } = one;
  const farEnds = one.farEnds.map((index) => known[index]!);
  const common = { process, role, peer, protocol, port, ipv6, ...(farEnds.length > 0 && { farEnds }) };
  const standing: Traffic = {
    ...common,
    open: one.standing,
    lifeSeconds: one.standingLifeSeconds,
    upBytes: one.standingUpBytes / heavyMean,
    downBytes: one.standingDownBytes / heavyMean,
    active: one.standingActive,
    ...(stuckIn === 2 || stuckIn === 8 ? { stuckIn } : {}),
  };
  const lives = one.lives.map(wholeSeconds);
  const lifeSeconds = lives.reduce((sum, life) => sum + life, 0) / lives.length;
  const passing: Traffic = {
    ...common,
    open: (one.opensPerMinute / 60) * lifeSeconds,
    lifeSeconds,
    lives,
    upBytes: one.upBytes / lifeSeconds / heavyMean,
    downBytes: one.downBytes / lifeSeconds / heavyMean,
    active: one.upBytes + one.downBytes === 0 ? 0 : 1,
  };
  return [...(one.standing > 0 ? [standing] : []), ...(one.opensPerMinute > 0 ? [passing] : [])];
}
