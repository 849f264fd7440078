// Data that leaves: far more sent to one place outside than a program sends at this hour, or than comes back.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import { severities, type Evidence, type Severity } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import type { Expectation } from '../statistics/seasonal-baseline.ts';
import { addressKind } from './lib/address-kind.ts';
import { DayWindow } from './lib/day-window.ts';
import { linksOf } from './lib/draft.ts';
import { isBrowser, isInstalled, isInterpreter, programOf, programTitle } from './lib/executable.ts';
import { destinationPrevalence } from './lib/known-services.ts';
import { LruMap } from './lib/lru-map.ts';
import { ProgramBaselines, type HourSoFar } from './lib/program-baselines.ts';
import { bytesText } from './lib/words.ts';

const mostHosts = 20_000;
const mostDestinations = 192;
const mostSavedDestinations = 64;
/** A day that brings so many times the usual one of its destination is unusual. */
const usualDays = 3;
const overUsual = 4;
/** Told again when it has grown by this share. */
const growth = 0.25;
const smallestFleet = 5;
/** A destination of this share of the fleet is common. */
const commonShare = 0.1;
/** The least hourly volume that counts as scatter. */
const scatterFloor = 1e6;
const dayUs = 86_400e6;
/** A program that sends to more destinations than this has one finding for all further ones. */
const mostApart = 2;

type Name = 'low-bytes' | 'medium-bytes' | 'high-bytes' | 'out-share' | 'scatters' | 'times-usual';

interface Sent {
  out: DayWindow;
  in: DayWindow;
  /** Bytes of the finding that was last told; 0 = none. */
  told: number;
  toldUs: number;
  startUs: number;
  count: number;
}

export const exfiltration: Detector<Name> = {
  id: 'exfiltration',
  title: 'Data exfiltration',
  technique: { id: 'T1048', name: 'Exfiltration Over Alternative Protocol' },
  severity: 'high',
  consumes: ['connection'],
  thresholds: {
    'low-bytes': {
      default: 10e6,
      unit: 'bytes',
      range: [1e5, 1e12],
      meaning: 'Less than this to one destination in 24 hours is never a finding.',
      source: 'Ours: a folder of documents; below it lie crash reports, photographs and telemetry',
    },
    'medium-bytes': {
      default: 250e6,
      unit: 'bytes',
      range: [1e6, 1e13],
      meaning: 'From this on a finding is medium.',
      source: 'Ours: a compressed directory or database, more than a mail takes (most servers end at 25 to 50 MB)',
    },
    'high-bytes': {
      default: 2e9,
      unit: 'bytes',
      range: [1e7, 1e14],
      meaning: 'From this on a finding about a rare destination is high.',
      source: 'Ours: beyond what people send by hand',
    },
    'out-share': {
      default: 900,
      unit: 'permille',
      range: [500, 1000],
      meaning: 'Share of the bytes with this destination that go out.',
      source: 'Producer/consumer ratio +0.8 (Bullard and Gerth, FloCon 2014): pure push is +1, downloads are below 0',
    },
    scatters: {
      default: 8,
      unit: 'count',
      range: [2, 100],
      meaning: "How many of the program's usual deviations at this hour lie between the usual and a finding.",
      source:
        'Mean absolute deviations; eight are about ten times the interquartile half width of a normal distribution',
    },
    'times-usual': {
      default: 3,
      unit: 'count',
      range: [1, 100],
      meaning:
        'And how many times the usual of this hour it is, or of 95 % of all hours while single hours are not known.',
      source: 'Ours: growth of a normal load stays below it',
    },
  },
  description:
    "Bytes that a program sends to one destination outside in 24 hours, held against what the program sends at this hour of the week, against the destination's usual day and against what comes back. " +
    'Before a program has been watched for a day, only one-sided uploads to a destination that is not common in the fleet count.',
  falsePositives:
    'Who sends to many has one finding for all destinations beyond the second. Backups, synchronisation, uploads by hand and video calls send a lot. Backups come at their hour and are learnt, calls go both ways, and destinations of many hosts weigh less. A new backup or a moved one is found once: suppress its program and destination. ' +
    'A browser counts only from the medium threshold on.',
  advice: [
    'Look at which program sent, under which user, and whether the destination is known to you.',
    'Look at what it read before: open files, parent process, other findings of this host.',
    'If it is a backup or a transfer that you know, suppress this program with this destination.',
    'If not, cut the connection and keep the evidence.',
  ],
  onByDefault: true,
  start: (context) => new ExfiltrationRun(context),
};

class ExfiltrationRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #baselines: ProgramBaselines;
  readonly #hosts = new LruMap<HostKey, LruMap<string, Sent>>(mostHosts);

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
    const timeZone = (host: HostKey) => context.knowledge.timeZone(host);
    this.#baselines = new ProgramBaselines({ hourly: 'sum', floor: scatterFloor, timeZone });
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection') return;
    const { remote, direction, sentBytes, host, atUs, process } = observation;
    if (remote === undefined || sentBytes === undefined || (sentBytes === 0 && !observation.receivedBytes)) return;
    if (direction !== 'outbound' && !(direction === 'unknown' && remote.port < observation.local.port)) return;
    if (addressKind(remote.address) !== 'external') return;
    const program = programOf(process);
    const hour = this.#baselines.add(host, program, atUs, sentBytes);
    const sent = this.#sentTo(host, program, observation);
    sent.out.add(atUs, sentBytes);
    sent.in.add(atUs, observation.receivedBytes ?? 0);
    sent.count += observation.count;
    this.#judge(observation, sent, hour, [program, destinationOf(observation)]);
  }

  advance(): void {
    // What was sent is judged when it is told.
  }

  save(host: HostKey): unknown {
    const destinations = this.#hosts.peek(host);
    if (destinations === undefined) return undefined;
    const newest = [...destinations.entries()].slice(-mostSavedDestinations);
    return {
      baselines: this.#baselines.save(host),
      destinations: newest.map(([key, sent]) => [
        key,
        sent.out.save(),
        sent.in.save(),
        sent.told,
        sent.toldUs,
        sent.startUs,
        sent.count,
      ]),
    };
  }

  restore(host: HostKey, state: unknown): void {
    const { baselines, destinations } = (state ?? {}) as { baselines?: unknown; destinations?: unknown };
    this.#baselines.restore(host, baselines);
    const restored = new LruMap<string, Sent>(mostDestinations);
    for (const saved of Array.isArray(destinations) ? destinations.slice(0, mostDestinations) : []) {
      if (!Array.isArray(saved) || typeof saved[0] !== 'string') continue;
      const [key, sentOut, sentIn, told, toldUs, startUs, count] = saved;
      if (![told, toldUs, startUs, count].every((value) => Number.isFinite(value))) continue;
      restored.set(key, {
        out: DayWindow.restore(sentOut),
        in: DayWindow.restore(sentIn),
        told,
        toldUs,
        startUs,
        count,
      });
    }
    this.#hosts.set(host, restored);
  }

  forget(host: HostKey): void {
    this.#baselines.forget(host);
    this.#hosts.delete(host);
  }

  learnt(host: HostKey): number | undefined {
    return this.#baselines.learnt(host);
  }

  #sentTo(host: HostKey, program: string, observation: ConnectionObservation): Sent {
    const destinations = this.#hosts.getOrCreate(host, () => new LruMap(mostDestinations));
    return destinations.getOrCreate(`${program}\t${destinationOf(observation)}`, () => ({
      out: new DayWindow(),
      in: new DayWindow(),
      told: 0,
      toldUs: 0,
      startUs: observation.startUs,
      count: 0,
    }));
  }

  /** The program's destinations with a finding within the last day. */
  #toldOf({ host, atUs }: ConnectionObservation, program: string): Sent[] {
    return Array.from(this.#hosts.peek(host)?.entries() ?? [])
      .filter(([key, { told, toldUs }]) => told > 0 && atUs - toldUs <= dayUs && key.startsWith(`${program}\t`))
      .map(([, sent]) => sent);
  }

  #judge(observation: ConnectionObservation, sent: Sent, hour: HourSoFar, key: readonly string[]): void {
    const { thresholds, knowledge, emit } = this.#context;
    const out = sent.out.sum();
    // It ended, and what comes now is a new one.
    if (observation.atUs - sent.toldUs > dayUs) sent.told = 0;
    if (out < thresholds['low-bytes'] || out < sent.told * (1 + growth)) return;
    const back = sent.in.sum();
    if (1000 * out < thresholds['out-share'] * (out + back)) return;
    if (sent.out.days >= usualDays && out < overUsual * sent.out.usual) return;
    const expected = hour.baseline.expect(hour.localUs);
    const limit = expected && limitOf(expected, hour.baseline.high(), thresholds);
    if (limit !== undefined && hour.value < limit) return;

    const destination = key[1]!;
    const { hosts, fleet } = destinationPrevalence(knowledge, destination);
    const common = fleet >= smallestFleet && hosts > 2 && hosts >= commonShare * fleet;
    const severity = severityOf(out, common, observation, thresholds);
    if (severity === undefined) return;
    const others = this.#toldOf(observation, key[0]!).filter((one) => one !== sent);
    sent.told = out;
    sent.toldUs = observation.atUs;
    const evidence: Evidence[] = [
      { label: 'Sent in 24 hours', value: out, unit: 'bytes', against: thresholds['low-bytes'] },
      { label: 'Received in 24 hours', value: back, unit: 'bytes' },
      {
        label: 'Share that went out',
        value: Math.round((1000 * out) / (out + back)),
        unit: 'permille',
        against: thresholds['out-share'],
      },
      limit === undefined
        ? { label: 'Usual for the program', value: `not known yet: ${hour.baseline.learnt().hours} hours learnt` }
        : {
            label: `Sent by the program in this hour, against its limit (${expected!.basis})`,
            value: hour.value,
            unit: 'bytes',
            against: Math.round(limit),
          },
    ];
    if (sent.out.days >= usualDays) {
      evidence.push({ label: 'Usual day of this destination', value: Math.round(sent.out.usual), unit: 'bytes' });
    }
    if (fleet >= smallestFleet)
      evidence.push({ label: 'Hosts that go there', value: hosts, unit: 'count', against: fleet });
    const program = programTitle(observation.process);
    const title = program || 'This host';
    const [apart, summary] =
      others.length < mostApart
        ? [key, `${title} sent ${bytesText(out)} to ${destination} within a day and got ${bytesText(back)} back`]
        : [
            [key[0]!, 'several destinations'],
            `${title} sent ${bytesText(others.reduce((sum, one) => sum + one.told, out))} to ${others.length + 1} destinations within a day, ${bytesText(out)} of it to ${destination}`,
          ];
    emit({
      host: observation.host,
      key: apart,
      severity,
      score: Math.min(1, Math.log10(out / thresholds['low-bytes']) / 4 + 0.3),
      summary,
      peer: destination,
      process: program,
      startUs: sent.startUs,
      endUs: observation.atUs,
      count: sent.count,
      evidence,
      links: linksOf(observation),
    });
  }
}

/** Bytes of the program in this hour. While only the hours as a whole are known, also some times what 95 % of them stayed below. */
function limitOf(
  { basis, mean, scatter }: Expectation,
  high: number,
  thresholds: Readonly<Record<Name, number>>,
): number {
  const usual = basis === 'any hour' ? Math.max(mean, high) : mean;
  return Math.max(mean + thresholds.scatters * scatter, thresholds['times-usual'] * usual);
}

function severityOf(
  out: number,
  common: boolean,
  { process }: ConnectionObservation,
  thresholds: Readonly<Record<Name, number>>,
): Severity | undefined {
  let rank = out >= thresholds['high-bytes'] ? 2 : out >= thresholds['medium-bytes'] ? 1 : 0;
  if (process !== undefined && isBrowser(process) && rank === 0) return undefined;
  if (common) rank--;
  if (process !== undefined && isInstalled(process) && !isInterpreter(process)) rank--;
  return severities[rank];
}

/** The part of a name is not shortened here: a storage service gives each customer one. */
function destinationOf({ name, remote }: ConnectionObservation): string {
  return name === '' ? remote!.address : name.toLowerCase();
}
