// Connections to, and questions for, what the operator's lists name.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingLinks, Severity } from '../finding.ts';
import type { ConnectionObservation, DnsObservation, HostKey, Observation, ObservedProcess } from '../observation.ts';
import { addressKind } from './lib/address-kind.ts';
import { linksOf } from './lib/draft.ts';
import { programOf, programTitle } from './lib/executable.ts';
import { grow } from './lib/growth.ts';
import { Growths } from './lib/growths.ts';
import { countText } from './lib/words.ts';

const mostGrowths = 256;
/** Answers of one exchange that are looked up. */
const mostAnswers = 8;

type Name = 'critical-connections';

interface Hit {
  entry: { list: string; entry: string };
  what: string;
  /** In the summary: "connected to", "asked for". */
  did: string;
  severity: Severity;
  kind: 'out' | 'in' | 'dns';
}

export const knownBad: Detector<Name> = {
  id: 'known-bad',
  title: 'Known-bad destination',
  technique: { id: 'T1071', name: 'Application Layer Protocol' },
  severity: 'critical',
  consumes: ['connection', 'dns'],
  thresholds: {
    'critical-connections': {
      default: 10,
      unit: 'count',
      range: [1, 1e6],
      meaning: 'Connections that were established to one entry before the finding is critical.',
      source: 'Ours: a click is one or a few, a program that calls home comes back',
    },
  },
  description:
    "A connection whose far end, by address or name, stands on one of the operator's lists, or a question for a listed name or one answered by a listed address. Established outward is high, and critical when it comes back; attempts and questions are medium; from a listed address inward is low.",
  falsePositives:
    'Lists grow old: an address goes to somebody else, a shared host serves many names. Scanners on every list knock at every open port, therefore inward is low. Remove or suppress the entry.',
  advice: [
    'Look at the list: what does it say about the entry, and from when is it?',
    'Look at the program that connected or asked, and at its parent.',
    'If the entry is right, cut the host off and keep the evidence.',
  ],
  onByDefault: true,
  start: (context) => new KnownBadRun(context),
};

class KnownBadRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #growths = new Growths(mostGrowths);

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind === 'connection') this.#connection(observation);
    else if (observation.kind === 'dns') this.#dns(observation);
  }

  advance(): void {
    // A hit is told when it comes.
  }

  save(host: HostKey): unknown {
    return this.#growths.save(host);
  }

  restore(host: HostKey, state: unknown): void {
    this.#growths.restore(host, state);
  }

  forget(host: HostKey): void {
    this.#growths.forget(host);
  }

  #connection(observation: ConnectionObservation): void {
    const { remote, first, name, direction, outcome, count } = observation;
    if (remote === undefined || !first || direction === 'listening' || addressKind(remote.address) === 'loopback')
      return;
    const { knowledge } = this.#context;
    const byName = name === '' ? undefined : knowledge.listed({ name });
    const entry = byName ?? knowledge.listed({ address: remote.address });
    if (entry === undefined) return;
    const what = byName === undefined ? remote.address : name;
    const hit = { entry, what };
    if (direction === 'inbound') {
      this.#tell(
        observation,
        { ...hit, did: 'was called by', severity: 'low', kind: 'in' },
        observation.process,
        linksOf(observation),
        count,
      );
      return;
    }
    const reached = outcome === 'established' || (observation.receivedBytes ?? 0) > 0;
    const severity = reached ? 'high' : 'medium';
    const did = reached ? 'connected to' : 'tried to reach';
    this.#tell(observation, { ...hit, did, severity, kind: 'out' }, observation.process, linksOf(observation), count);
  }

  #dns(observation: DnsObservation): void {
    const { role, service, name, addresses, id, process, count } = observation;
    if (role !== 'client' || service !== 'dns') return;
    const { knowledge } = this.#context;
    const byName = knowledge.listed({ name });
    const address = byName
      ? undefined
      : addresses.slice(0, mostAnswers).find((item) => knowledge.listed({ address: item }));
    const entry = byName ?? (address === undefined ? undefined : knowledge.listed({ address }));
    if (entry === undefined) return;
    const links: FindingLinks = {
      dns: [id],
      names: [name],
      ...(address !== undefined && { addresses: [address] }),
      ...(process?.id !== undefined && { processes: [process.id] }),
    };
    const did = address === undefined ? 'asked for' : `asked for ${name} and was sent to`;
    this.#tell(
      observation,
      { entry, what: address ?? name, did, severity: 'medium', kind: 'dns' },
      process,
      links,
      count,
    );
  }

  #tell(
    { host, atUs }: Observation,
    { entry, what, did, severity, kind }: Hit,
    process: ObservedProcess | undefined,
    links: FindingLinks,
    count: number,
  ): void {
    const key = [entry.list, entry.entry, kind, kind === 'in' ? '' : programOf(process)];
    // An attempt and a connection are told apart, so that the graver one is not held back.
    const growth = this.#growths.of(host, [...key, severity], atUs);
    if (!grow(growth, atUs, Math.max(1, count))) return;
    const comesBack = severity === 'high' && growth.count >= this.#context.thresholds['critical-connections'];
    const who = programTitle(process) || 'This host';
    this.#context.emit({
      host,
      key,
      severity: comesBack ? 'critical' : severity,
      score: severity === 'low' ? 0.3 : severity === 'medium' ? 0.6 : 0.9,
      summary: `${who} ${did} ${what}, which the list "${entry.list}" names`,
      peer: what,
      process: programTitle(process),
      startUs: growth.startUs,
      endUs: growth.endUs,
      count: growth.count,
      evidence: [
        { label: 'List', value: entry.list },
        { label: 'Entry', value: entry.entry },
        { label: 'Seen', value: countText(growth.count, 'time') },
      ],
      links,
    });
  }
}
