// A host whose clock is off: its own logs, its certificates' checks and its one-time passwords are, too.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { HostKey, Observation } from '../observation.ts';
import { LruMap } from './lib/lru-map.ts';
import { secondsText } from './lib/words.ts';

const mostHosts = 20_000;
const repeatUs = 3600e6;

type Name = 'low-seconds' | 'medium-seconds' | 'times';

interface Skew {
  /** Readings in a row that were off. */
  readings: number;
  startUs: number;
  worst: number;
  toldUs: number;
  rank: number;
}

export const clockSkew: Detector<Name> = {
  id: 'clock-skew',
  title: 'Clock off',
  technique: { id: 'T1562', name: 'Impair Defenses' },
  severity: 'medium',
  consumes: ['agent'],
  thresholds: {
    'low-seconds': {
      default: 30,
      unit: 'seconds',
      range: [1, 86_400],
      meaning: 'A clock that is off by this is told of.',
      source: 'One step of a one-time password (RFC 6238, section 5.2)',
    },
    'medium-seconds': {
      default: 300,
      unit: 'seconds',
      range: [1, 31_536_000],
      meaning: 'From this on it is medium.',
      source: 'The skew that Kerberos takes (RFC 4120, section 8.2)',
    },
    times: {
      default: 3,
      unit: 'count',
      range: [1, 1000],
      meaning: 'Readings in a row that have to say so.',
      source: 'Ours: a machine that woke up sets its clock within a few',
    },
  },
  description:
    "The host's wall clock differs from the collector's, by the times at which the agent's messages were sent and received, several readings in a row.",
  falsePositives:
    'Machines that wake from sleep and virtual machines that were moved are off until they ask a time server; single readings do not count. If all hosts are off, it is the collector.',
  advice: [
    'Look whether the host asks a time server and gets answers (chronyc tracking, timedatectl, w32tm /query /status).',
    'If somebody set the clock by hand, find out why: it hides when things happened.',
  ],
  onByDefault: true,
  start: (context) => new ClockSkewRun(context),
};

class ClockSkewRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #hosts = new LruMap<HostKey, Skew>(mostHosts);

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'agent' || observation.event !== 'clock') return;
    const { host, atUs, seconds, late } = observation;
    const { thresholds } = this.#context;
    const off = Math.abs(seconds);
    if (late) return;
    if (!(off >= thresholds['low-seconds'])) {
      this.#hosts.delete(host);
      return;
    }
    const skew = this.#hosts.getOrCreate(host, () => ({ readings: 0, startUs: atUs, worst: 0, toldUs: 0, rank: -1 }));
    skew.readings++;
    if (off > Math.abs(skew.worst)) skew.worst = seconds;
    if (skew.readings < thresholds.times) return;
    const rank = off >= thresholds['medium-seconds'] ? 1 : 0;
    if (rank <= skew.rank && atUs - skew.toldUs < repeatUs) return;
    skew.rank = Math.max(rank, skew.rank);
    skew.toldUs = atUs;
    const direction = seconds > 0 ? 'ahead' : 'behind';
    this.#context.emit({
      host,
      key: ['clock'],
      severity: skew.rank > 0 ? 'medium' : 'low',
      score: Math.min(1, Math.log10(1 + off) / 6),
      summary: `This host's clock is ${secondsText(off)} ${direction}`,
      peer: '',
      process: '',
      startUs: skew.startUs,
      endUs: atUs,
      count: skew.readings,
      evidence: [
        { label: 'Off by', value: Math.round(seconds * 10) / 10, unit: 'seconds', against: thresholds['low-seconds'] },
        { label: 'Most', value: Math.round(skew.worst * 10) / 10, unit: 'seconds' },
        { label: 'Readings in a row', value: skew.readings, unit: 'count', against: thresholds.times },
      ],
      links: {},
    });
  }

  advance(): void {
    // A reading is judged when it comes.
  }

  save(): unknown {
    // Three readings say it again.
    return undefined;
  }

  restore(): void {
    // Nothing was saved.
  }

  forget(host: HostKey): void {
    this.#hosts.delete(host);
  }
}
