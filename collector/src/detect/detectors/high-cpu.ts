// A program, or a whole host, that works far harder and longer than it uses to at this hour.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { HostKey, Observation, UsageObservation } from '../observation.ts';
import { executablePath, isInstalled, programOf, programTitle } from './lib/executable.ts';
import { LruMap } from './lib/lru-map.ts';
import { ProgramBaselines, type HourSoFar } from './lib/program-baselines.ts';
import { isTemporaryPath } from './lib/temporary-path.ts';
import { secondsText } from './lib/words.ts';

const mostHosts = 20_000;
const mostHot = 64;
/** Cool minutes that do not end a hot stretch. */
const coolMinutes = 2;
const minuteUs = 60e6;
/** Told again after so many more hot minutes. */
const againMinutes = 30;
/** Programs below this are not worth a baseline. */
const worthPermille = 20;
/** The least scatter of an hour's mean that is believed. */
const scatterFloor = 20;
const smallestFleet = 5;

type Name = 'process-permille' | 'host-permille' | 'sustained-seconds' | 'scatters' | 'unlearnt-seconds';

interface Hot {
  startUs: number;
  lastUs: number;
  minutes: number;
  sum: number;
  toldMinutes: number;
}

export const highCpu: Detector<Name> = {
  id: 'high-cpu',
  title: 'High CPU',
  technique: { id: 'T1496', name: 'Resource Hijacking' },
  severity: 'medium',
  consumes: ['usage'],
  thresholds: {
    'process-permille': {
      default: 400,
      unit: 'permille',
      range: [10, 1000],
      meaning: "Share of all cores from which on a program's minute counts.",
      source: 'Ours: miners are set to a half or more of a machine; one busy thread of four stays below it',
    },
    'host-permille': {
      default: 900,
      unit: 'permille',
      range: [10, 1000],
      meaning: 'The same for the whole host.',
      source: 'Brendan Gregg, Systems Performance (2020), 6.6: what waits for a CPU grows steeply from there',
    },
    'sustained-seconds': {
      default: 1800,
      unit: 'seconds',
      range: [60, 86_400],
      meaning: 'For how long, with at most two cool minutes in between.',
      source: 'Ours: builds, backups and scans of a machine end before, most of them',
    },
    'unlearnt-seconds': {
      default: 10_800,
      unit: 'seconds',
      range: [60, 604_800],
      meaning: 'The same while it is not known what is usual.',
      source: 'Ours',
    },
    scatters: {
      default: 4,
      unit: 'count',
      range: [1, 100],
      meaning: 'How many usual deviations at this hour lie between the usual and a finding.',
      source: 'Mean absolute deviations; four are three standard deviations of a normal distribution',
    },
  },
  description:
    'A program, or the host as a whole, that uses most of the CPU for half an hour and more than it uses to at this hour of this weekday. Without a baseline only after three hours.',
  falsePositives:
    'Builds, conversions, backups, analysis. What comes at its hour is learnt. Low, except programs from temporary folders, and programs outside of the installed ones that no other host of the fleet runs.',
  advice: [
    'Look at the program: path, user, parent, command line, and where it connects to.',
    'Miners talk to a pool in one connection that stays open, often port 3333, 4444 or 443.',
    'If it is work that you know, suppress this program; if it comes regularly, it will be learnt.',
  ],
  onByDefault: true,
  start: (context) => new HighCpuRun(context),
};

class HighCpuRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #baselines: ProgramBaselines;
  readonly #hot = new LruMap<HostKey, LruMap<string, Hot>>(mostHosts);

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
    const timeZone = (host: HostKey) => context.knowledge.timeZone(host);
    this.#baselines = new ProgramBaselines({ hourly: 'mean', floor: scatterFloor, timeZone });
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'usage') return;
    const { host, process, atUs, cpuPermille, seconds } = observation;
    if (!(seconds > 0) || !(cpuPermille >= 0)) return;
    const program = process === undefined ? '' : programOf(process);
    if (process !== undefined && program === '') return;
    const hot = this.#hot.peek(host)?.get(program);
    if (cpuPermille < worthPermille && hot === undefined) return;
    const permille = Math.min(cpuPermille, 1000);
    const hour = this.#baselines.add(host, program, atUs, permille);
    this.#judge(observation, program, permille, hour);
  }

  advance(): void {
    // A minute is judged when it comes.
  }

  save(host: HostKey): unknown {
    return this.#baselines.save(host);
  }

  restore(host: HostKey, state: unknown): void {
    this.#baselines.restore(host, state);
  }

  forget(host: HostKey): void {
    this.#baselines.forget(host);
    this.#hot.delete(host);
  }

  learnt(host: HostKey): number | undefined {
    return this.#baselines.learnt(host);
  }

  #judge(observation: UsageObservation, program: string, permille: number, hour: HourSoFar): void {
    const { host, process, atUs } = observation;
    const { thresholds } = this.#context;
    const expected = hour.baseline.expect(hour.localUs);
    const least = process === undefined ? thresholds['host-permille'] : thresholds['process-permille'];
    const usual = expected === undefined ? 0 : Math.min(expected.mean + thresholds.scatters * expected.scatter, 990);
    const hots = this.#hot.getOrCreate(host, () => new LruMap(mostHot));
    const before = hots.get(program);
    const limit = Math.max(least, usual);
    if (permille < limit) {
      if (before !== undefined && atUs - before.lastUs > coolMinutes * minuteUs) hots.delete(program);
      return;
    }
    let hot = before;
    if (hot === undefined || atUs - hot.lastUs > (coolMinutes + 1) * minuteUs) {
      hots.set(program, (hot = { startUs: atUs - minuteUs, lastUs: atUs, minutes: 0, sum: 0, toldMinutes: 0 }));
    }
    hot.minutes++;
    hot.sum += permille;
    hot.lastUs = Math.max(hot.lastUs, atUs);
    const needed = thresholds[expected === undefined ? 'unlearnt-seconds' : 'sustained-seconds'] / 60;
    if (hot.minutes < needed || (hot.toldMinutes > 0 && hot.minutes < hot.toldMinutes + againMinutes)) return;
    hot.toldMinutes = hot.minutes;
    this.#emit(observation, program, hot, hour, Math.round(limit));
  }

  #emit(
    observation: UsageObservation,
    program: string,
    hot: Hot,
    { baseline, localUs }: HourSoFar,
    limit: number,
  ): void {
    const { host, process } = observation;
    const expected = baseline.expect(localUs);
    const mean = Math.round(hot.sum / hot.minutes);
    const title = programTitle(process);
    const seconds = (hot.lastUs - hot.startUs) / 1e6;
    this.#context.emit({
      host,
      key: [process === undefined ? 'host' : program],
      severity: this.#severityOf(observation),
      score: Math.min(1, mean / 1000),
      summary: `${title || 'This host'} has used ${Math.round(mean / 10)} % of the CPU for ${secondsText(seconds)}`,
      peer: '',
      process: title,
      startUs: hot.startUs,
      endUs: hot.lastUs,
      count: hot.minutes,
      evidence: [
        { label: 'Mean of its minutes', value: mean, unit: 'permille', against: limit },
        expected === undefined
          ? { label: 'Usual', value: `not known yet: ${baseline.learnt().hours} hours learnt` }
          : { label: `Usual (${expected.basis})`, value: Math.round(expected.mean), unit: 'permille' },
        { label: 'Minutes', value: hot.minutes, unit: 'count' },
        ...(process?.executable ? [{ label: 'Executable', value: process.executable }] : []),
      ],
      links: process?.id === undefined ? {} : { processes: [process.id] },
    });
  }

  #severityOf({ process }: UsageObservation): Severity {
    if (process === undefined) return 'low';
    const path = executablePath(process);
    if (isTemporaryPath(path)) return 'medium';
    if (path === '' || isInstalled(process)) return 'low';
    const { hosts, fleet } = this.#context.knowledge.prevalence('executable', process.executable);
    return fleet >= smallestFleet && hosts <= 1 ? 'medium' : 'low';
  }
}
