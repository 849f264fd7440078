// From names to a trained classifier of generated names: cross-fitted spelling, top-level odds, weights, trees.
import {
  dgaFeatureCount,
  dgaFeatures,
  learntFeatures,
  type TopLevel,
} from '../../collector/src/detect/names/dga-features.ts';
import { gramOdds, type NameGrams } from '../../collector/src/detect/names/name-grams.ts';
import { symbolCount, type NameLanguage } from '../../collector/src/detect/names/name-language.ts';
import { normaliseName, splitName, type SplitName } from '../../collector/src/detect/names/split.ts';
import { walkTrees } from '../../collector/src/detect/names/boosted-trees.ts';
import { flattenTrees, trainTrees, type BoostingOptions, type TrainedTrees } from './boosting.ts';
import { generateNames, type Family } from './dga-families.ts';
import { trainGrams } from './gram-training.ts';
import {
  chooseWords,
  trainLanguage,
  trainTriples,
  type TrainedLanguage,
  type WeightedText,
} from './language-training.ts';
import { seeded } from './random.ts';
import { shuffled } from './training-data.ts';

/** How many four-letter rows and words are kept: they are most of the model's bytes. */
const [mostQuads, mostWords] = [36_000, 10_000];
const boosting: BoostingOptions = {
  trees: 120,
  leaves: 24,
  learningRate: 0.16,
  leastHessian: 12,
  ridge: 3,
  columnShare: 0.5,
};
const benignFolds = 3;
/** Of the names of people, kept out of training to set where the decision lies. */
const keptShare = 0.12;
/** Names of people above the decision. */
const decisionFalsePositives = 0.0025;
const emptyNoise = new Uint8Array(symbolCount ** 3);

export interface DgaMaterial {
  language: TrainedLanguage;
  /** Names that people made, with features by spelling learnt from the other folds. */
  benign: { names: SplitName[]; rows: Float32Array };
  /** `spelling`: other names of the same family, to learn from how it spells. */
  families: {
    name: string;
    names: SplitName[];
    rows: Float32Array;
    weight: number;
    spelling: string[];
    /** For the weights of letters in a row. */
    labels: string[];
  }[];
}

const labelled = (names: readonly SplitName[]) => names.map(({ label }) => ({ text: label, weight: 1 }));

/** The words that names are most often made of, with costs. */
export function wordsOfNames(
  benign: readonly SplitName[],
  texts: readonly WeightedText[],
  words: readonly string[],
): [string, number][] {
  // A sample: the choice of words is by far the slowest part.
  return chooseWords([...labelled(benign), ...texts.filter((_, index) => index % 4 === 0)], words, mostWords);
}

/** `further`: names of people that teach the classifier, but not the spelling. */
export function prepareMaterial(
  benign: SplitName[],
  further: SplitName[],
  texts: readonly WeightedText[],
  chosen: [string, number][],
  families: readonly Family[],
): DgaMaterial {
  const rows = new Float32Array(benign.length * dgaFeatureCount);
  for (let fold = 0; fold < benignFolds; fold += 1) {
    const others = benign.filter((_, index) => index % benignFolds !== fold);
    const { language } = trainLanguage([...labelled(others), ...texts], chosen, mostQuads);
    for (let index = fold; index < benign.length; index += benignFolds) fillRow(language, benign[index]!, rows, index);
    console.error(`spelling ${fold + 1} of ${benignFolds} learnt`);
  }
  const language = trainLanguage([...labelled(benign), ...texts], chosen, mostQuads);
  const people = shuffled(
    [
      ...benign.map((name, index) => ({
        name,
        row: rows.subarray(index * dgaFeatureCount, (index + 1) * dgaFeatureCount),
      })),
      ...further.map((name) => {
        const row = new Float32Array(dgaFeatureCount);
        fillRow(language.language, name, row, 0);
        return { name, row };
      }),
    ],
    seeded(8),
  );
  const peopleRows = new Float32Array(people.length * dgaFeatureCount);
  people.forEach(({ row }, index) => peopleRows.set(row, index * dgaFeatureCount));
  const random = seeded(11);
  return {
    language,
    benign: { names: people.map(({ name }) => name), rows: peopleRows },
    families: families.map((family) => {
      const invented = family.name.startsWith('invented');
      const generated = new Set(generateNames(family, invented ? 150 : 500, random));
      const names = [...generated].map((name) => splitName(normaliseName(name))).filter((name) => name !== undefined);
      const familyRows = new Float32Array(names.length * dgaFeatureCount);
      names.forEach((name, index) => fillRow(language.language, name, familyRows, index));
      const spelling = isWords(family.name) ? [] : Array.from({ length: 400 }, () => family.label(random));
      return {
        name: family.name,
        names,
        rows: familyRows,
        weight: invented ? 0.4 : 1,
        spelling,
        labels: generateNames(family, invented ? 300 : 1500, random)
          .map((name) => splitName(normaliseName(name))?.label)
          .filter((label) => label !== undefined),
      };
    }),
  };
}

function fillRow(language: NameLanguage, name: SplitName, rows: Float32Array, index: number): void {
  dgaFeatures(
    { language, topLevels: new Map(), noise: emptyNoise },
    name,
    rows.subarray(index * dgaFeatureCount, (index + 1) * dgaFeatureCount),
  );
}

/** Joins words: nothing of its spelling is its own. */
const isWords = (name: string) =>
  /^(?:suppobox|matsnu|gozi|nymaim-words|rovnix-words|bigviktor|ngioweb|pizd)$/.test(name);

export interface TrainedDga {
  trees: TrainedTrees;
  topLevels: Map<string, TopLevel>;
  noise: Uint8Array;
  grams: NameGrams;
}

/** Trees, odds, letters and spelling of everything but the families that are left out. The decision is set by names of people that it has not seen. */
export function trainDga(material: DgaMaterial, leaveOut: ReadonlySet<string>): TrainedDga {
  const families = material.families.filter(({ name }) => !leaveOut.has(name));
  const noise = trainTriples(
    families
      .flatMap(({ spelling, weight }) => spelling.map((text) => ({ text, weight: weight / spelling.length })))
      .map(({ text, weight }) => ({ text, weight: weight * 400 })),
  );
  const topLevels = countTopLevels(
    material.benign.names,
    families.map(({ names }) => names),
  );
  const learnt = { noise, topLevels };
  const complete = (names: readonly SplitName[], rows: Float32Array) => {
    const copy = rows.slice();
    names.forEach(({ label, suffix }, index) =>
      learntFeatures(
        learnt,
        label,
        topLevel(suffix),
        copy.subarray(index * dgaFeatureCount, (index + 1) * dgaFeatureCount),
      ),
    );
    return copy;
  };
  const people = complete(material.benign.names, material.benign.rows);
  const trained = Math.floor(material.benign.names.length * (1 - keptShare));
  const parts = [{ rows: people.subarray(0, trained * dgaFeatureCount), count: trained, label: 0, weight: 1 }];
  const totalWeight = families.reduce((sum, { weight }) => sum + weight, 0);
  for (const { names, rows, weight } of families) {
    parts.push({
      rows: complete(names, rows),
      count: names.length,
      label: 1,
      weight: ((weight / totalWeight) * trained) / names.length,
    });
  }
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const features = new Float32Array(count * dgaFeatureCount);
  let at = 0;
  for (const part of parts) {
    features.set(part.rows, at * dgaFeatureCount);
    at += part.count;
  }
  const labels = Uint8Array.from(parts.flatMap(({ count, label }) => Array.from({ length: count }, () => label)));
  const weights = Float32Array.from(parts.flatMap(({ count, weight }) => Array.from({ length: count }, () => weight)));
  const grams = trainGrams(
    [
      ...material.benign.names.slice(0, trained).map(({ label }) => ({ label, generated: false, weight: 1 })),
      ...families.flatMap(({ labels, weight }) =>
        labels.map((label) => ({
          label,
          generated: true,
          weight: ((weight / totalWeight) * trained) / labels.length,
        })),
      ),
    ],
    seeded(9),
  );
  const trees = trainTrees({ features, featureCount: dgaFeatureCount, labels, weights }, boosting);
  return {
    trees: {
      ...trees,
      base:
        trees.base -
        decisionOf(trees, grams, material.benign.names.slice(trained), people.subarray(trained * dgaFeatureCount)),
    },
    topLevels,
    noise,
    grams,
  };
}

/** The log-odds that only decisionFalsePositives of these names are above. */
function decisionOf(trees: TrainedTrees, grams: NameGrams, names: readonly SplitName[], rows: Float32Array): number {
  const flat = flattenTrees(trees);
  const scores = names.map(
    ({ label }, index) =>
      walkTrees(flat, rows.subarray(index * dgaFeatureCount, (index + 1) * dgaFeatureCount)) + gramOdds(grams, label),
  );
  return scores.sort((a, b) => b - a)[Math.floor(scores.length * decisionFalsePositives)] ?? 0;
}

const topLevel = (suffix: string) => suffix.slice(suffix.lastIndexOf('.') + 1);

/** In quarter bits; each family speaks as loud as any other, and rare suffixes say little. */
function countTopLevels(
  benign: readonly SplitName[],
  families: readonly (readonly SplitName[])[],
): Map<string, TopLevel> {
  const people = new Map<string, number>();
  const generated = new Map<string, number>();
  const add = (into: Map<string, number>, names: readonly SplitName[]) => {
    for (const { suffix } of names) into.set(topLevel(suffix), (into.get(topLevel(suffix)) ?? 0) + 1 / names.length);
  };
  add(people, benign);
  for (const family of families) add(generated, family);
  const least = 0.002;
  const quarters = (bits: number) => Math.round(bits * 4) / 4;
  const names = [...new Set([...people.keys(), ...generated.keys()])].sort();
  return new Map([
    ['', { odds: 0, share: 0 }],
    ...names.map((name): [string, TopLevel] => {
      const share = people.get(name) ?? 0;
      const ratio = ((generated.get(name) ?? 0) / families.length + least) / (share + least);
      return [name, { odds: quarters(Math.log2(ratio)), share: quarters(Math.max(0, Math.log2(share * 2 ** 14))) }];
    }),
  ]);
}
