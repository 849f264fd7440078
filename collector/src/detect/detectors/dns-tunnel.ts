// A DNS tunnel: name after different name below one zone, with what looks like encoded bytes in its labels.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import { severities, type Severity } from '../finding.ts';
import { ApexTracker, tunnelEvidence, type ApexTotals } from '../names/apex-tracker.ts';
import { fileInName } from '../names/file-in-name.ts';
import { shippedModels } from '../names/shipped-models.ts';
import { tunnelName, tunnelOdds } from '../names/tunnel.ts';
import type { DnsObservation, HostKey, Observation } from '../observation.ts';
import { LruMap } from './lib/lru-map.ts';
import { fileDraft, severityOf, tunnelDraft } from './lib/tunnel-drafts.ts';

const thresholds = {
  names: {
    default: 20,
    unit: 'count',
    range: [8, 10_000],
    meaning:
      'Different names below one zone that are a finding where most look encoded: half as many of long ones, twice to five times as many short ones.',
    source:
      'A tunnel asks for a new name with every packet, so the fiftieth query is well past it; chosen so that a page with a dozen hashed hosts is not.',
  },
  evidence: {
    default: 500,
    unit: 'permille',
    range: [300, 990],
    meaning: 'How sure it must be: encoding, freshness and number of names together.',
    source: 'Half; measured in docs/detection.md on tools that the model was not trained on.',
  },
} as const;
type Names = keyof typeof thresholds;

const mostHosts = 20_000;
const mostTold = 4_096;
const mostZones = 48;
const mostSaved = 16;
/** A zone that nothing was asked of for so long begins anew: slow tunnels poll at least every few hours. */
const idleUs = 6 * 3_600e6;
/** A zone is remembered from the first name whose log-odds of being a tunnel's are at least this. */
const leastInterest = -5;

export const dnsTunnel: Detector<Names> = {
  id: 'dns-tunnel',
  title: 'DNS tunnel',
  technique: { id: 'T1071.004', name: 'Application Layer Protocol: DNS' },
  severity: 'critical',
  consumes: ['dns'],
  thresholds,
  description:
    'One program asks for many different names below one registered domain, hardly any of them twice, and a trained classifier finds encoded bytes in their labels. Record types that carry much back (TXT, NULL, CNAME, MX, SRV, KEY) and the bytes in both directions add to it. One name is enough where a label begins as a file does: an archive, a document, a picture in hexadecimal digits, base 32 or base 64.',
  falsePositives:
    'Virus scanners, mail filters and block lists put hashes and addresses into names by design, clouds and content networks number their machines: zones of well-known ones, whose name servers nobody else can own, are left out, and so are reverse lookups, mDNS and names that are asked again and again. A scanner of a small vendor looks the same: suppress its zone after a look at who owns it.',
  advice: [
    'Look at the program that asks: does it belong on this host, and who started it?',
    'Look up who registered the zone, and when; block it at the resolver if nobody knows it.',
    'Estimate what left by the bytes of the queries, and keep the host as it is for the investigation.',
    'Let hosts ask your own resolvers only, so that such zones can be blocked in one place.',
  ],
  onByDefault: true,
  start: (context) => new DnsTunnel(context),
};

class DnsTunnel implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #hosts = new LruMap<HostKey, ApexTracker>(mostHosts);
  readonly #told = new LruMap<string, { queries: number; severity: Severity }>(mostTold);
  /** Names that a file began in, by host and zone. */
  readonly #files = new LruMap<string, number>(mostTold);

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'dns' || observation.service !== 'dns') return;
    const parts = tunnelName(observation.name);
    if (!parts) return;
    const { host } = observation;
    const zones = this.#hosts.getOrCreate(host, () => new ApexTracker(mostZones, idleUs));
    const who = observation.role === 'server' ? observation.peer.address : (observation.process?.comm ?? '');
    const key = `${who} ${parts.apex}`;
    const file = fileInName(parts.below);
    if (file !== undefined) this.#tellFile(observation, parts.apex, who, file);
    const odds = tunnelOdds(shippedModels(), parts.below);
    if (odds < leastInterest && !zones.has(key)) return;
    const { name, type, queryBytes, answerBytes, count, atUs, id } = observation;
    const totals = zones.add({
      name,
      apex: key,
      below: parts.below,
      odds,
      type,
      queryBytes,
      answerBytes,
      count,
      atUs,
      id,
    });
    this.#judge(observation, parts.apex, who, totals);
  }

  advance(): void {}

  save(host: HostKey): unknown {
    const zones = this.#hosts.peek(host)?.top(mostSaved);
    return zones && zones.length > 0 ? zones : undefined;
  }

  restore(host: HostKey, state: unknown): void {
    if (!Array.isArray(state)) return;
    const zones = this.#hosts.getOrCreate(host, () => new ApexTracker(mostZones, idleUs));
    for (const totals of state.slice(0, mostSaved)) if (isTotals(totals)) zones.put(totals);
  }

  forget(host: HostKey): void {
    this.#hosts.delete(host);
  }

  #tellFile(observation: DnsObservation, apex: string, who: string, format: string): void {
    const zone = `${observation.host} ${who} ${apex}`;
    const files = (this.#files.get(zone) ?? 0) + 1;
    this.#files.set(zone, files);
    // The first, and then at each doubling; where a tunnel is told, the file is part of it.
    if (this.#told.get(zone) === undefined && Number.isInteger(Math.log2(files)))
      this.#context.emit(fileDraft(observation, apex, who, format, files));
  }

  #judge(observation: DnsObservation, apex: string, who: string, totals: ApexTotals): void {
    const { names, evidence } = this.#context.thresholds;
    if (totals.distinct * 2 < names) return;
    const sure = tunnelEvidence(totals, names);
    if (sure * 1_000 < evidence) return;
    const zone = `${observation.host} ${totals.apex}`;
    const severity = severityOf(totals, sure);
    const told = this.#told.get(zone);
    // Again when it is worse or has grown by half: a finding is brought up to date, not repeated for each query.
    const isWorse = told !== undefined && severities.indexOf(severity) > severities.indexOf(told.severity);
    if (told && !isWorse && totals.queries < told.queries * 1.5) return;
    this.#told.set(zone, { queries: totals.queries, severity });
    this.#context.emit(tunnelDraft(observation, apex, who, totals, sure, names));
  }
}

const numbers = [
  'queries',
  'distinct',
  'oddsSum',
  'encoded',
  'belowCharacters',
  'queryBytes',
  'answerBytes',
  'carrying',
  'firstUs',
  'lastUs',
  'sampleOdds',
];

function isTotals(state: unknown): state is ApexTotals {
  if (typeof state !== 'object' || state === null) return false;
  const totals = state as Record<string, unknown>;
  return (
    numbers.every((name) => Number.isFinite(totals[name])) &&
    typeof totals['apex'] === 'string' &&
    typeof totals['sample'] === 'string' &&
    Array.isArray(totals['ids']) &&
    totals['ids'].every((id) => typeof id === 'string')
  );
}
