// Names made by an algorithm: malware that looks for its masters asks for many, of which a few exist.
import type { Detector, DetectorContext } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { DnsObservation } from '../observation.ts';
import type { AskedName, Asker } from './lib/asked-names.ts';
import { AskedNamesRun, type SuspectNames } from './lib/asked-names-run.ts';
import { countText, secondsText } from './lib/words.ts';

const thresholds = {
  names: {
    default: 5,
    unit: 'count',
    range: [2, 1_000],
    meaning: 'Different generated names that do not exist, within the window; those that exist count half.',
    source:
      'Published families ask for tens to thousands in a row; five are what an hour of browsing does not come to at the false positives measured in docs/detection.md.',
  },
  sharePermille: {
    default: 80,
    unit: 'permille',
    range: [0, 1_000],
    meaning: 'Of all different names that the program asked for within the window.',
    source:
      'Twenty times the share of innocent names above the decision, so that a busy browser or crawler stays below.',
  },
  windowSeconds: {
    default: 3_600,
    unit: 'seconds',
    range: [60, 86_400],
    meaning: 'How long a name counts.',
    source: 'Slow families wait some seconds to minutes between names; chosen.',
  },
} as const;
type Names = keyof typeof thresholds;

const decision = 0.5;
/** What so many other hosts ask for is no secret of one. */
const widespreadHosts = 3;
const widespreadShare = 0.05;

export const dga: Detector<Names> = {
  id: 'dga',
  title: 'Generated domain names',
  technique: { id: 'T1568.002', name: 'Dynamic Resolution: Domain Generation Algorithms' },
  severity: 'high',
  consumes: ['dns'],
  thresholds,
  description:
    'One program asks for several registered names that a trained classifier takes for the work of an algorithm: random letters, syllables without a language, hexadecimal digits. Only the registered label is judged, and that of dynamic DNS providers. Names made of dictionary words are mostly not told from others; a burst of them is left to the detector of missing names.',
  falsePositives:
    'Advertising and content networks register names without meaning, but few of them, and they exist: those that resolve count half, those that many hosts of the fleet ask for count nothing. Hashes below a known name, names in other scripts, reverse lookups, mDNS and the random host names that browsers probe with are not judged.',
  advice: [
    'Look at the program: its path, its parent, when it was installed.',
    'If one of the names resolved, look at the connections to its addresses: that would be the control server.',
    'Isolate the host before cleaning it; keep the list of names as evidence and for a block list.',
  ],
  onByDefault: true,
  start: (context) =>
    new AskedNamesRun({
      windowUs: () => context.thresholds.windowSeconds * 1e6,
      judge: (observation, asker) => generatedNames(context, observation, asker),
      emit: context.emit,
    }),
};

function generatedNames(
  { thresholds: { names, sharePermille }, knowledge }: DetectorContext<Names>,
  observation: DnsObservation,
  asker: Asker,
): SuspectNames | undefined {
  const last = [...asker.names.values()].at(-1);
  if (!last || last.score < decision) return undefined;
  const isWidespread = ({ registrable }: AskedName) => {
    const { hosts, fleet } = knowledge.prevalence('destination', registrable);
    return hosts > widespreadHosts && hosts > fleet * widespreadShare;
  };
  const generated = [...asker.names.values()].filter((name) => name.score >= decision && !isWidespread(name));
  const weight = generated.reduce((sum, { missing }) => sum + (missing ? 1 : 0.5), 0);
  if (weight < names || generated.length * 1_000 < sharePermille * asker.names.size) return undefined;
  return { count: generated.length, draft: () => draftOf(observation, asker, generated, names) };
}

function draftOf(
  observation: DnsObservation,
  asker: Asker,
  generated: readonly AskedName[],
  least: number,
): FindingDraft {
  const { host, process } = observation;
  const missing = generated.filter((name) => name.missing).length;
  const startUs = Math.min(...generated.map(({ firstUs }) => firstUs));
  const mean = generated.reduce((sum, { score }) => sum + score, 0) / generated.length;
  const examples = [...generated].sort((a, b) => b.score - a.score).slice(0, 20);
  const span = secondsText((observation.atUs - startUs) / 1e6);
  return {
    host,
    key: [asker.who],
    severity: severityOf(generated.length, missing),
    score: Math.min(1, mean * (0.5 + (0.5 * missing) / generated.length)),
    summary: `${asker.who || 'A program'} asked for ${countText(generated.length, 'generated name')} in ${span}, ${missing} of which do not exist`,
    peer: examples[0]?.registrable ?? '',
    process: process?.comm ?? '',
    startUs,
    endUs: observation.atUs,
    count: generated.length,
    evidence: [
      { label: 'Generated names', value: generated.length, unit: 'count', against: least },
      { label: 'Of them missing (NXDOMAIN)', value: missing, unit: 'count' },
      { label: 'Different names in all', value: asker.names.size, unit: 'count' },
      { label: 'Mean score', value: Math.round(mean * 1_000), unit: 'permille', against: 500 },
      {
        label: 'For example',
        value: examples
          .slice(0, 5)
          .map(({ registrable }) => registrable)
          .join(', '),
      },
    ],
    links: {
      dns: generated.slice(-20).map(({ id }) => id),
      names: examples.map(({ registrable }) => registrable),
      ...(process?.id !== undefined && { processes: [process.id] }),
    },
  };
}

function severityOf(generated: number, missing: number): Severity {
  return generated >= 10 && missing * 2 >= generated ? 'high' : 'medium';
}
