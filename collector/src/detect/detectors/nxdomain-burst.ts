// Many registered names in a short time that nobody has registered: what is left of a generation algorithm even when its names are words.
import type { Detector, DetectorContext } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import { leastGeneratedMean, looksOfNames, type NamesLook } from '../names/names-look.ts';
import type { DnsObservation } from '../observation.ts';
import type { AskedName, Asker } from './lib/asked-names.ts';
import { AskedNamesRun, type SuspectNames } from './lib/asked-names-run.ts';
import { countText, secondsText } from './lib/words.ts';

const thresholds = {
  names: {
    default: 20,
    unit: 'count',
    range: [5, 1_000],
    meaning: 'Different registered names answered with NXDOMAIN within the window.',
    source:
      'Mistyped and expired names come one at a time; families of malware ask for hundreds a run (write-ups of Conficker, Necurs, Suppobox).',
  },
  windowSeconds: {
    default: 600,
    unit: 'seconds',
    range: [60, 86_400],
    meaning: 'How long a missing name counts.',
    source: 'Chosen: ten minutes hold a run of the fast families and a good part of the slow ones.',
  },
  missingPermille: {
    default: 300,
    unit: 'permille',
    range: [0, 1_000],
    meaning: 'Missing names, of all different names that the program asked for within the window.',
    source: 'Crawlers and mail filters meet dead names among many living ones; chosen.',
  },
} as const;
type Names = keyof typeof thresholds;

export const nxdomainBurst: Detector<Names> = {
  id: 'nxdomain-burst',
  title: 'Burst of missing names',
  technique: { id: 'T1568.002', name: 'Dynamic Resolution: Domain Generation Algorithms' },
  severity: 'high',
  consumes: ['dns'],
  thresholds,
  description:
    'One program asks within minutes for many different registered names that do not exist. How generated they look decides the severity: half of them make it high, a fifth medium; so do names of which hardly one stands out, but that are all together further from what people register than those of any country. Else it stays low.',
  falsePositives:
    'Search lists put known suffixes behind every name: however many names fail below one registered name, they count once, and not at all if anything below it resolves. A resolver that answers NXDOMAIN to everything is told from malware by names that look innocent while nothing at all resolves. Single labels, local names and reverse lookups are not counted. Link checkers and mail filters over old addresses look the same and are low.',
  advice: [
    'Look at the names: random letters or odd pairs of words mean malware, names of old customers a link checker.',
    'Look at the program that asks and at the process that started it.',
    'Did one of the names resolve afterwards? The connection to it is the one to follow.',
  ],
  onByDefault: true,
  start: (context) =>
    new AskedNamesRun({
      windowUs: () => context.thresholds.windowSeconds * 1e6,
      judge: (observation, asker) => missingNames(context, observation, asker),
      emit: context.emit,
    }),
};

function missingNames(
  { thresholds: { names, missingPermille } }: DetectorContext<Names>,
  observation: DnsObservation,
  asker: Asker,
): SuspectNames | undefined {
  if (observation.rcode !== 3) return undefined;
  const all = [...asker.names.values()];
  const missing = all.filter((name) => name.missing);
  if (missing.length < names || missing.length * 1_000 < missingPermille * all.length) return undefined;
  const look = looksOfNames(missing.map(({ score }) => score));
  if (look.severity === 'low' && !all.some(({ resolved }) => resolved)) return undefined;
  return { count: missing.length, draft: () => draftOf(observation, asker, missing, look, names) };
}

function draftOf(
  observation: DnsObservation,
  asker: Asker,
  missing: readonly AskedName[],
  { severity, share, meanOdds }: NamesLook,
  least: number,
): FindingDraft {
  const { host, process } = observation;
  const startUs = Math.min(...missing.map(({ firstUs }) => firstUs));
  const examples = missing.slice(-20).map(({ registrable }) => registrable);
  return {
    host,
    key: [asker.who],
    severity,
    score: Math.min(1, (missing.length / (missing.length + least)) * (0.5 + share)),
    summary: `${asker.who || 'A program'} asked for ${countText(missing.length, 'name')} that nobody has registered in ${secondsText((observation.atUs - startUs) / 1e6)}`,
    peer: observation.peer.address,
    process: process?.comm ?? '',
    startUs,
    endUs: observation.atUs,
    count: missing.length,
    evidence: [
      { label: 'Missing names', value: missing.length, unit: 'count', against: least },
      { label: 'Different names in all', value: asker.names.size, unit: 'count' },
      { label: 'Of the missing, generated', value: Math.round(share * 1_000), unit: 'permille' },
      {
        label: 'Mean log-odds of a generated name',
        value: Math.round(meanOdds * 10) / 10,
        against: leastGeneratedMean,
      },
      { label: 'For example', value: examples.slice(0, 5).join(', ') },
    ],
    links: {
      dns: missing.slice(-20).map(({ id }) => id),
      names: examples,
      ...(process?.id !== undefined && { processes: [process.id] }),
      addresses: [observation.peer.address],
    },
  };
}
