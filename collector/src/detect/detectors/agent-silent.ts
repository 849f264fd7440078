// A host that is not seen: its agent is silent, or says that it could not look.
import { gapReasons } from '@foretop/proto';
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { AgentObservation, HostKey, Observation } from '../observation.ts';
import { grow } from './lib/growth.ts';
import { Growths } from './lib/growths.ts';
import { HostClock } from './lib/host-clock.ts';
import { LruMap } from './lib/lru-map.ts';
import { secondsText } from './lib/words.ts';

const mostHosts = 20_000;
const mostGrowths = 32;
/** Weeks of silences that are remembered of a host, by half-life. */
const halfLifeDays = 14;
const dayUs = 86_400e6;
/** Somebody or something on the host took sight away; the other reasons are those of operation. */
const blinding = new Set([
  'collect-failed',
  'spool-overflow',
  'rows-capped',
  'given-up',
  'quarantined',
  'invalid-rows',
]);

/** A source that cannot be read for so long was not merely starting. */
const longBlindSeconds = 3600;

type Name = 'silent-seconds' | 'gap-seconds' | 'steady-days' | 'usual-silences';

interface Silence {
  /** Silences that lasted, fading. */
  silences: number;
  day: number;
  /** Start of the one that goes on; 0 = none. */
  sinceUs: number;
  counted: boolean;
}

export const agentSilent: Detector<Name> = {
  id: 'agent-silent',
  title: 'Agent silent or blind',
  technique: { id: 'T1562', name: 'Impair Defenses' },
  severity: 'medium',
  consumes: ['agent'],
  thresholds: {
    'silent-seconds': {
      default: 900,
      unit: 'seconds',
      range: [60, 604_800],
      meaning: 'An agent that says nothing for so long is silent.',
      source: 'Ours: restarts, updates and short outages of a network end before',
    },
    'gap-seconds': {
      default: 300,
      unit: 'seconds',
      range: [10, 86_400],
      meaning: 'A span for which the host could not be watched that is worth a finding.',
      source: 'The longest span of one connection record',
    },
    'steady-days': {
      default: 3,
      unit: 'count',
      range: [0, 90],
      meaning: 'Days for which a host is known before its silence is more than low.',
      source: 'Ours: hosts that are being set up come and go',
    },
    'usual-silences': {
      default: 3,
      unit: 'count',
      range: [1, 100],
      meaning: 'A host that was silent as often as this within two weeks is one that is switched off: low.',
      source: 'Ours: notebooks sleep each night',
    },
  },
  description:
    'An agent that has not been heard for a quarter of an hour, or a host of which a span was not watched because its agent could not: a source that could not be read, rows or batches that were dropped.',
  falsePositives:
    'Machines that are switched off or asleep. One that is often silent is known for it and gives low findings only; one that never was gives medium. Gaps while the agent was stopped or the machine asleep are not blindness.',
  advice: [
    'Look whether the host is up and reaches the collector.',
    'On the host: is the agent running, and what do its logs and `foretop-agent status` say?',
    'If somebody stopped it, find out who: taking the watch away comes before other things.',
  ],
  onByDefault: true,
  start: (context) => new AgentSilentRun(context),
};

class AgentSilentRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #clock = new HostClock();
  readonly #silences = new LruMap<HostKey, Silence>(mostHosts);
  readonly #gaps = new Growths(mostGrowths);

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'agent') return;
    const { host, atUs, event } = observation;
    if (event === 'silent') this.#silent(observation);
    else if (event === 'gap') this.#gap(observation);
    else {
      this.#clock.saw(host, atUs);
      const silence = this.#silences.get(host);
      if (silence !== undefined && event === 'connected') silence.sinceUs = 0;
    }
  }

  advance(): void {
    // Silence is told of again and again.
  }

  save(host: HostKey): unknown {
    const silence = this.#silences.peek(host);
    return { clock: this.#clock.save(host), silence, gaps: this.#gaps.save(host) };
  }

  restore(host: HostKey, state: unknown): void {
    const { clock, silence, gaps } = (state ?? {}) as { clock?: unknown; silence?: Partial<Silence>; gaps?: unknown };
    this.#clock.restore(host, clock);
    this.#gaps.restore(host, gaps);
    const { silences, day, sinceUs } = silence ?? {};
    if ([silences, day, sinceUs].every((value) => Number.isFinite(value))) {
      this.#silences.set(host, {
        silences: silences!,
        day: day!,
        sinceUs: sinceUs!,
        counted: silence!.counted === true,
      });
    }
  }

  forget(host: HostKey): void {
    this.#clock.forget(host);
    this.#silences.delete(host);
    this.#gaps.forget(host);
  }

  #silent({ host, atUs, seconds }: AgentObservation): void {
    const { thresholds, emit } = this.#context;
    const startUs = atUs - seconds * 1e6;
    const silence = this.#silences.getOrCreate(host, () => ({ silences: 0, day: 0, sinceUs: 0, counted: false }));
    if (silence.sinceUs === 0 || startUs - silence.sinceUs > 60e6) {
      silence.sinceUs = startUs;
      silence.counted = false;
    }
    if (seconds < thresholds['silent-seconds']) return;
    if (!silence.counted) {
      const day = atUs / dayUs;
      silence.silences = 1 + silence.silences * 0.5 ** (Math.max(0, day - silence.day) / halfLifeDays);
      silence.day = day;
      silence.counted = true;
    }
    const growth = this.#gaps.of(host, ['silent', String(Math.round(silence.sinceUs / 60e6))], atUs);
    if (!grow(growth, atUs)) return;
    const { seen } = this.#clock.watched(host, atUs);
    const steady = seen >= thresholds['steady-days'] && silence.silences < thresholds['usual-silences'];
    const severity: Severity = steady ? 'medium' : 'low';
    emit({
      host,
      key: ['silent'],
      severity,
      score: Math.min(1, 0.3 + Math.log10(seconds / thresholds['silent-seconds']) / 4 + (steady ? 0.2 : 0)),
      summary: `The agent of this host has been silent for ${secondsText(seconds)}`,
      peer: '',
      process: '',
      startUs: silence.sinceUs,
      endUs: atUs,
      count: 1,
      evidence: [
        { label: 'Silent for', value: Math.round(seconds), unit: 'seconds', against: thresholds['silent-seconds'] },
        {
          label: 'Silences of late, fading',
          value: Math.round(silence.silences * 10) / 10,
          unit: 'count',
          against: thresholds['usual-silences'],
        },
        { label: 'Days on which it was heard', value: seen, unit: 'count', against: thresholds['steady-days'] },
      ],
      links: {},
    });
  }

  #gap({ host, atUs, seconds, reason }: AgentObservation): void {
    const { thresholds, emit } = this.#context;
    if (!blinding.has(reason) || seconds < thresholds['gap-seconds']) return;
    const growth = this.#gaps.of(host, ['gap', reason], atUs - seconds * 1e6);
    if (!grow(growth, atUs)) return;
    const meaning = (gapReasons as Readonly<Record<string, string>>)[reason] ?? reason;
    emit({
      host,
      key: ['gap', reason],
      severity: reason === 'collect-failed' && seconds >= longBlindSeconds ? 'medium' : 'low',
      score: 0.4,
      summary: `This host was not fully watched for ${secondsText(seconds)}: ${meaning}`,
      peer: '',
      process: '',
      startUs: growth.startUs,
      endUs: atUs,
      count: growth.count,
      evidence: [
        { label: 'Not watched for', value: Math.round(seconds), unit: 'seconds', against: thresholds['gap-seconds'] },
        { label: 'Reason', value: meaning },
        { label: 'Gaps', value: growth.count, unit: 'count' },
      ],
      links: {},
    });
  }
}
