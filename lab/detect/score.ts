// Replays the test data through every detector and prints who spoke where: the confusion table by file, and what was wrong by name.
// node lab/detect/score.ts FOLDER [part of a file's name]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Severity } from '../../collector/src/detect/finding.ts';
import { detectors } from '../../collector/src/detect/registry.ts';
import type { ReplayedFinding } from '../../collector/src/detect/replay/replayed-findings.ts';
import { runReplay } from '../../collector/src/detect/replay/run-replay.ts';
import { type Case, casesOf, type Indexed } from './expectation.ts';

const loud: ReadonlySet<Severity> = new Set<Severity>(['medium', 'high', 'critical']);

interface Scored {
  one: Case;
  findings: ReplayedFinding[];
  missed: string[];
  /** Findings at medium or above where nothing was expected at all. */
  wrong: ReplayedFinding[];
  faults: string[];
  ms: number;
}

async function score(folder: string, one: Case): Promise<Scored> {
  const started = performance.now();
  const { findings, faults } = await runReplay(
    one.paths.map((path) => join(folder, path)),
    detectors,
  );
  const spoke = new Set(findings.map(({ detector }) => detector.id));
  return {
    one,
    findings,
    missed: one.expected.filter((id) => !spoke.has(id)),
    wrong: one.isBenign ? findings.filter(({ draft }) => loud.has(draft.severity)) : [],
    faults,
    ms: performance.now() - started,
  };
}

function line({ one, findings, missed, wrong, faults, ms }: Scored): string {
  const counts = Map.groupBy(findings, ({ detector, draft }) => `${detector.id} ${draft.severity}`);
  const spoke = [...counts].map(([what, group]) => `${group.length} ${what}`).join(', ') || '–';
  const verdict = missed.length > 0 ? `MISSED ${missed.join(' ')}` : wrong.length > 0 ? 'WRONG' : 'ok';
  const expected = one.isBenign ? 'nothing' : one.expected.join(' ') || 'no verdict';
  return `| ${one.name} | ${expected} | ${spoke} | ${verdict}${faults.length > 0 ? ` ${faults.join(' ')}` : ''} | ${Math.round(ms)} |`;
}

function confusion(scored: readonly Scored[]): string {
  const rows = detectors.map(({ id }) => {
    const spoke = ({ findings }: Scored) =>
      findings.some(({ detector, draft }) => detector.id === id && loud.has(draft.severity));
    const any = ({ findings }: Scored) => findings.some(({ detector }) => detector.id === id);
    const positive = scored.filter(({ one }) => one.expected.includes(id));
    const benign = scored.filter(({ one }) => one.isBenign);
    const found = positive.filter(any).length;
    return `| ${id} | ${found} | ${positive.length - found} | ${benign.filter(spoke).length} | ${benign.filter((one) => !spoke(one)).length} |`;
  });
  return [
    '| Detector | found | missed | benign, spoke at medium or above | benign, silent |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const [folder, part = ''] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder of the data, with its INDEX.json.');
const index = JSON.parse(readFileSync(join(folder, 'INDEX.json'), 'utf8')) as Indexed[];
const scored: Scored[] = [];
console.log('| File | Expected | Spoke | Verdict | ms |\n|---|---|---|---|---|');
for (const one of casesOf(index).filter(({ name }) => name.includes(part))) {
  const result = await score(folder, one);
  scored.push(result);
  if (result.findings.length > 0 || one.expected.length > 0 || result.faults.length > 0) console.log(line(result));
}
const silent = scored.filter(({ one, findings }) => findings.length === 0 && one.isBenign).length;
console.log(`\n${silent} benign files of ${scored.filter(({ one }) => one.isBenign).length} without any finding.\n`);
console.log(confusion(scored));
console.log('\nFalse positives by name:');
for (const { one, wrong } of scored) {
  for (const { detector, draft } of wrong)
    console.log(`- ${one.name}: ${detector.id} ${draft.severity}: ${draft.summary}`);
}
