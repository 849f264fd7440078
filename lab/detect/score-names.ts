// Measures the shipped scorers of names and texts on published lists: what is found and what is wrongly found, by family and by tool.
//
//   node lab/detect/score-names.ts --data DIR [--families DIR]
//
// --data: the folder with lists/. --families: folders named after a family, each with lists of its names (.txt, a name a line).
// The models learnt from none of these names, but from generators of some of the families: train-dga.ts --folds leaves those out.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dgaScore } from '../../collector/src/detect/names/dga.ts';
import { looksOfNames } from '../../collector/src/detect/names/names-look.ts';
import { scoreBlock } from '../../collector/src/detect/names/replay-names.ts';
import { shippedModels } from '../../collector/src/detect/names/shipped-models.ts';
import { tunnelScore } from '../../collector/src/detect/names/tunnel.ts';
import { CardScanner } from '@foretop/proto';
import { burstSizes, burstsFound } from './name-bursts.ts';
import { areaUnderCurve, readTable, scoreAtFalsePositives, shareAbove } from './training-data.ts';

const { values } = parseArgs({
  options: { data: { type: 'string', default: '' }, families: { type: 'string', default: '' } },
});
const models = shippedModels();
const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`;
/** Above which a score is a hit: the decision itself is one. */
const decision = 0.5 - 1e-9;

const lists = join(values.data, 'lists');
generatedNames();
tunnelledNames();
cardNumbers();

function generatedNames(): void {
  const rows = readTable(join(lists, 'dga_domains.csv.gz')).map(({ label, family = '', domain = '' }) => ({
    family,
    domain,
    generated: label === '1',
    score: dgaScore(models, domain),
  }));
  const scoresOf = (name: string) => rows.filter(({ family }) => family === name).map(({ score }) => score);
  console.log('## Names that people registered\n\n| List | names | above the decision | highest |\n|---|---|---|---|');
  for (const list of ['alexa', 'opendns-top']) {
    const highest = rows
      .filter(({ family }) => family === list)
      .sort((a, b) => b.score - a.score)
      .slice(0, 12);
    console.log(
      `| ${list} | ${scoresOf(list).length} | ${percent(shareAbove(scoresOf(list), decision), 2)} | ${highest.map(({ domain }) => domain).join(', ')} |`,
    );
  }
  burstsOfPeople(rows.filter(({ generated }) => !generated));
  const people = scoresOf('alexa');
  console.log('\n## Generated names, against the Alexa list\n');
  const families = [...new Set(rows.filter(({ generated }) => generated).map(({ family }) => family))].sort();
  table(
    families.map((name) => ({ name, scores: scoresOf(name) })),
    people,
  );
  if (values.families === '') return;
  console.log('\n## Other lists of generated names\n');
  table(otherFamilies(values.families), people);
}

/** What a link checker would be taken for that meets only names of one list, or of one top-level domain. */
function burstsOfPeople(rows: readonly { family: string; domain: string; score: number }[]): void {
  const lists = Map.groupBy(
    rows.flatMap(({ family, domain, score }) => [
      { list: family, score },
      { list: `${family}, .${domain.slice(domain.lastIndexOf('.') + 1)}`, score },
    ]),
    ({ list }) => list,
  );
  console.log('\n## Bursts of missing names that people registered, at medium or above\n');
  console.log(`| Names | mean log-odds | ${burstSizes.join(' | ')} |\n|---|---|---|---|`);
  const large = [...lists]
    .map(([list, own]) => ({ list, scores: own.map(({ score }) => score) }))
    .filter(({ scores }) => scores.length >= burstSizes[0])
    .map((one) => ({ ...one, mean: looksOfNames(one.scores).meanOdds }))
    .sort((a, b) => b.mean - a.mean);
  for (const { list, scores, mean } of large) {
    const shares = burstSizes.filter((size) => size <= scores.length).map((size) => burstsFound(scores, size));
    console.log(
      `| ${list} (${scores.length}) | ${mean.toFixed(1)} | ${shares.map((share) => percent(share)).join(' | ')} |`,
    );
  }
}

function table(families: readonly { name: string; scores: number[] }[], people: readonly number[]): void {
  const [strict, second] = [scoreAtFalsePositives(people, 0.001), scoreAtFalsePositives(people, 0.002)];
  console.log(
    '| Family | names | AUC | recall at 0.1 % false positives | at 0.2 % | at the decision |\n|---|---|---|---|---|---|',
  );
  const sums = [0, 0, 0, 0];
  for (const { name, scores } of families) {
    const cells = [
      areaUnderCurve(scores, people),
      shareAbove(scores, strict),
      shareAbove(scores, second),
      shareAbove(scores, decision),
    ];
    cells.forEach((cell, index) => (sums[index] = sums[index]! + cell / families.length));
    console.log(
      `| ${name} | ${scores.length} | ${cells[0]!.toFixed(4)} | ${cells
        .slice(1)
        .map((cell) => percent(cell))
        .join(' | ')} |`,
    );
  }
  console.log(
    `| **mean** | | ${sums[0]!.toFixed(4)} | ${sums
      .slice(1)
      .map((sum) => percent(sum))
      .join(' | ')} |`,
  );
}

function otherFamilies(folder: string): { name: string; scores: number[] }[] {
  const families = new Map<string, Set<string>>();
  for (const file of globSync('**/*.txt', { cwd: folder }).sort()) {
    const name = file.split('/')[0] ?? file;
    const names = families.get(name) ?? new Set();
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const found = line.trim().toLowerCase();
      if (/^[\w-]+(?:\.[\w-]+)+$/.test(found) && names.size < 2_000) names.add(found);
    }
    if (names.size >= 20) families.set(name, names);
  }
  return [...families].map(([name, names]) => ({ name, scores: [...names].map((found) => dgaScore(models, found)) }));
}

function tunnelledNames(): void {
  const rows = readTable(join(lists, 'dns_tunnel_queries.csv.gz')).map((row) => ({
    tool: row['tool'] ?? '',
    name: row['qname'] ?? '',
    tunnel: row['label_tunnel'] === '1',
  }));
  const alone = rows.map(({ name }) => tunnelScore(models, name));
  const together = [...scoreBlock(rows.map(({ name }) => name))]
    .flatMap((text) => text.trim().split('\n'))
    .map((line): number => JSON.parse(line).tunnel);
  console.log(
    '\n## Tunnelled names\n\n| Tool | queries | AUC, each alone | recall | recall among its neighbours |\n|---|---|---|---|---|',
  );
  const pick = (scores: readonly number[], tool: (row: (typeof rows)[number]) => boolean) =>
    scores.filter((_, index) => tool(rows[index]!));
  const innocent = pick(alone, ({ tunnel }) => !tunnel);
  for (const tool of new Set(rows.map(({ tool }) => tool))) {
    const [own, lifted] = [pick(alone, (row) => row.tool === tool), pick(together, (row) => row.tool === tool)];
    console.log(
      `| ${tool} | ${own.length} | ${areaUnderCurve(own, innocent).toFixed(4)} | ${percent(shareAbove(own, decision), 2)} | ${percent(shareAbove(lifted, decision), 2)} |`,
    );
  }
  for (const [title, scores] of [
    ['each alone', alone],
    ['among its neighbours', together],
  ] as const) {
    const hits = scores.map((score) => score >= 0.5);
    const right = rows.filter(({ tunnel }, index) => tunnel && hits[index]).length;
    const f1 = (2 * right) / (rows.filter(({ tunnel }) => tunnel).length + hits.filter(Boolean).length);
    console.log(`\nF1, ${title}: ${f1.toFixed(4)}`);
  }
}

function cardNumbers(): void {
  const file = join(lists, 'pan.csv');
  if (!existsSync(file)) return;
  const counts = { right: 0, wrong: 0, missed: 0 };
  const rows = readTable(file);
  for (const { text = '', expected_hits: expected } of rows) {
    const scanner = new CardScanner();
    const hits = [...scanner.push(text), ...scanner.end()].length;
    counts.right += Math.min(hits, Number(expected));
    counts.wrong += Math.max(0, hits - Number(expected));
    counts.missed += Math.max(0, Number(expected) - hits);
  }
  console.log(
    `\n## Card numbers\n\n${rows.length} texts: ${counts.right} found, ${counts.missed} missed, ${counts.wrong} wrongly found`,
  );
}
