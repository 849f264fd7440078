// Trains the models of spelling and of generated names that the collector ships, and measures them on families left out.
//
//   node lab/detect/train-dga.ts --training DIR --data DIR [--folds 5] [--write]
//
// --training: benign/*.txt, further/*.txt (registered names), words/*.txt, texts/*.txt (organisations, places), a line each; docs/detection.md says which.
// --data: the folder with lists/dga_domains.csv.gz. It is only tested on: its names are taken out of the training names.
// --folds: families in that many parts, each scored by a model that has seen no generator of them. --write: the collector's model files.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dgaOdds, isJudged, sigmoid } from '../../collector/src/detect/names/dga.ts';
import { normaliseName, splitName, type SplitName } from '../../collector/src/detect/names/split.ts';
import { flattenTrees } from './boosting.ts';
import { ByteWriter, writeModelFile, writeTrees } from './byte-writer.ts';
import { inventedFamilies, knownFamilies, wordFamilies } from './dga-families.ts';
import { writeGrams } from './gram-training.ts';
import { burstSizes, burstsFound } from './name-bursts.ts';
import { prepareMaterial, trainDga, wordsOfNames } from './dga-training.ts';
import { packLanguage } from './language-training.ts';
import { seeded } from './random.ts';
import {
  areaUnderCurve,
  readLines,
  readTable,
  registeredNames,
  scoreAtFalsePositives,
  shareAbove,
} from './training-data.ts';

const { values } = parseArgs({
  options: {
    training: { type: 'string', default: '' },
    data: { type: 'string', default: '' },
    folds: { type: 'string', default: '0' },
    write: { type: 'boolean', default: false },
  },
});

const tested = readTable(join(values.data, 'lists/dga_domains.csv.gz'));
const split = (name: string) => splitName(normaliseName(name));
const testedNames = new Set(tested.map(({ domain = '' }) => split(domain)?.registrable ?? domain));
const folder = resolve(values.training);
// What resolvers are asked has names of infected hosts in it; those in the suffixes of the most widespread worm are left out.
const benign = registeredNames(join(folder, 'benign'), testedNames, { 'universities.txt': 2_500, 'gov.txt': 2_500 });
const known = new Set([...testedNames, ...benign.map(({ registrable }) => registrable)]);
// Suffixes that cost nothing, or one owner's, would be a fifth of these.
const further = fewOf(registeredNames(join(folder, 'further'), known, {}), ['tk', 'ga', 'ml', 'cf', 'gq', 'gov'], 700);
const words = readLines(join(folder, 'words')).flatMap(({ lines }) => lines);
const texts = readLines(join(folder, 'texts')).flatMap(({ lines }) =>
  lines.map((text) => ({ text: text.toLowerCase(), weight: 0.3 })),
);
const plainWords = words.filter((word) => /^[a-z]{3,12}$/.test(word));
const chosen = wordsOfNames(benign, texts, words);
const dictionary = new Set(plainWords);
const commonWords = chosen
  .filter(([word]) => dictionary.has(word))
  .sort((a, b) => a[1] - b[1])
  .slice(0, 5_000)
  .map(([word]) => word);
const families = [
  ...knownFamilies,
  ...wordFamilies(plainWords, seeded(3)),
  ...inventedFamilies(110, plainWords, seeded(4)),
  // Lists of words in malware are of everyday words as often as of a whole dictionary.
  ...wordFamilies(commonWords, seeded(13)),
  ...inventedFamilies(50, commonWords, seeded(14)),
];
console.error(
  `${benign.length} and ${further.length} names of people, ${words.length} words, ${texts.length} texts, ${families.length} families`,
);
const material = prepareMaterial(benign, further, texts, chosen, families);

/** A listed family and all generators that come close to it. */
const relatives: Readonly<Record<string, readonly string[]>> = {
  nymaim: ['nymaim-words'],
  gozi: ['gozi'],
  murofet: ['murofet-digits'],
  rovnix: ['rovnix-words'],
  emotet: ['geodo'],
  conficker: ['conficker-c'],
};

const folds = Number(values.folds);
if (values.write) write();
if (folds > 0) crossValidate(folds);

function crossValidate(parts: number): void {
  const listed = [...new Set(tested.filter(({ label }) => label === '1').map(({ family = '' }) => family))].sort();
  console.log(
    `| Family left out | names | AUC | recall at 0.1 % false positives | at 0.2 % | recall at the decision |${burstSizes.map((size) => ` ${size} missing names |`).join('')}\n|---|---|---|---|---|---|---|---|`,
  );
  const sums = { area: 0, strict: 0, looser: 0, decided: 0, falsePositives: 0, resolved: 0 };
  for (let part = 0; part < parts; part += 1) {
    const out = listed.filter((_, index) => index % parts === part);
    const { trees, ...learnt } = trainDga(material, new Set(out.flatMap((name) => [name, ...(relatives[name] ?? [])])));
    const models = { ...learnt, language: material.language.language, dga: flattenTrees(trees) };
    const score = (name: string) => {
      const parsed = split(name);
      return parsed && isJudged(parsed) ? sigmoid(dgaOdds(models, parsed)) : 0;
    };
    const scored = tested.map(({ label, family, domain = '' }) => ({ label, family, score: score(domain) }));
    const people = scored.filter(({ family }) => family === 'alexa').map(({ score }) => score);
    const resolved = scored.filter(({ family }) => family === 'opendns-top').map(({ score }) => score);
    const [limit, second] = [scoreAtFalsePositives(people, 0.001), scoreAtFalsePositives(people, 0.002)];
    sums.falsePositives += shareAbove(people, 0.5) / parts;
    sums.resolved += shareAbove(resolved, 0.5) / parts;
    for (const name of out) {
      const scores = scored.filter(({ family }) => family === name).map(({ score }) => score);
      const [area, strict, looser, decided] = [
        areaUnderCurve(scores, people),
        shareAbove(scores, limit),
        shareAbove(scores, second),
        shareAbove(scores, 0.5),
      ];
      sums.area += area / listed.length;
      sums.strict += strict / listed.length;
      sums.looser += looser / listed.length;
      sums.decided += decided / listed.length;
      const bursts = burstSizes.map((size) => ` ${(burstsFound(scores, size) * 100).toFixed(1)} % |`).join('');
      console.log(
        `| ${name} | ${scores.length} | ${area.toFixed(4)} | ${(strict * 100).toFixed(1)} % | ${(looser * 100).toFixed(1)} % | ${(decided * 100).toFixed(1)} % |${bursts}`,
      );
    }
  }
  console.log(
    `| **mean** | | ${sums.area.toFixed(4)} | ${(sums.strict * 100).toFixed(1)} % | ${(sums.looser * 100).toFixed(1)} % | ${(sums.decided * 100).toFixed(1)} % | | |`,
  );
  console.log(
    `\nAbove the decision: ${(sums.falsePositives * 100).toFixed(3)} % of alexa, ${(sums.resolved * 100).toFixed(3)} % of opendns-top`,
  );
}

/** At most so many names of each of these top-level domains. */
function fewOf(names: readonly SplitName[], topLevels: readonly string[], atMost: number): SplitName[] {
  const counts = new Map(topLevels.map((name) => [name, 0]));
  return names.filter(({ suffix }) => {
    const topLevel = suffix.slice(suffix.lastIndexOf('.') + 1);
    const count = counts.get(topLevel);
    if (count !== undefined) counts.set(topLevel, count + 1);
    return (count ?? 0) < atMost;
  });
}

function write(): void {
  const { trees, topLevels, noise, grams } = trainDga(material, new Set());
  const writer = new ByteWriter();
  writer.varint(topLevels.size);
  for (const [name, { odds, share }] of topLevels) {
    writer.text(name);
    writer.byte(128 + odds * 4);
    writer.byte(share * 4);
  }
  writer.bytes(noise);
  writeTrees(writer, trees);
  writeGrams(writer, grams);
  const names = resolve(import.meta.dirname, '../../collector/src/detect/names');
  writeModelFile(
    join(names, 'model-language.ts'),
    'packedLanguage',
    'How names are spelt; written by lab/detect/train-dga.ts.',
    packLanguage(material.language),
  );
  writeModelFile(
    join(names, 'model-dga.ts'),
    'packedDga',
    'Trees that tell generated names; written by lab/detect/train-dga.ts.',
    writer.packed(),
  );
}
