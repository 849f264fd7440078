// Trains the model of tunnelled names that the collector ships, and measures it on tools left out.
//
//   node lab/detect/train-tunnel.ts --training DIR --data DIR [--leave-out] [--write]
//
// --training: hosts/*.txt (host names with labels below the registered one) and words/*.txt. Needs the collector's model of spelling
// (train-dga.ts --write comes first). --data: the folder with lists/dns_tunnel_queries.csv.gz, which is only tested on.
// --leave-out: each listed tool scored by a model that has seen no generator of it. --write: the collector's model file.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { walkTrees } from '../../collector/src/detect/names/boosted-trees.ts';
import { ByteReader } from '../../collector/src/detect/names/byte-reader.ts';
import { packedLanguage } from '../../collector/src/detect/names/model-language.ts';
import { readLanguage } from '../../collector/src/detect/names/name-language.ts';
import { normaliseName, splitName } from '../../collector/src/detect/names/split.ts';
import { scoreBlock } from '../../collector/src/detect/names/replay-names.ts';
import { shippedModels } from '../../collector/src/detect/names/shipped-models.ts';
import { tunnelScore } from '../../collector/src/detect/names/tunnel.ts';
import { tunnelFeatureCount, tunnelFeatures } from '../../collector/src/detect/names/tunnel-features.ts';
import { flattenTrees, trainTrees, type TrainedTrees } from './boosting.ts';
import { ByteWriter, writeModelFile, writeTrees } from './byte-writer.ts';
import { innocentHost } from './innocent-hosts.ts';
import { seeded } from './random.ts';
import { areaUnderCurve, readLines, readTable, scoreAtFalsePositives, shareAbove, shuffled } from './training-data.ts';
import { inventedTool, tunnelTools } from './tunnel-tools.ts';

const { values } = parseArgs({
  options: {
    training: { type: 'string', default: '' },
    data: { type: 'string', default: '' },
    'leave-out': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const boosting = { trees: 160, leaves: 20, learningRate: 0.1, leastHessian: 8, ridge: 3 };
const namesEachTool = 900;
/** Of the real hosts: kept out of training, and how many of those may be above the decision. */
const keptShare = 0.15;
const decisionFalsePositives = 0.005;
/** The generator that comes close to each listed tool. */
const generators = { 'dnscat2-cname': 'dnscat2', 'dns2tcp-key': 'dns2tcp', 'iodine-ndpi': 'iodine' };
// Alone, as the trees of tunnels may not have been written yet.
const language = readLanguage(ByteReader.unpack(packedLanguage));
const folder = resolve(values.training);
const words = readLines(join(folder, 'words')).flatMap(({ lines }) =>
  lines.filter((word) => /^[a-z]{3,10}$/.test(word)),
);
const hosts = new Set<string>();
for (const { lines } of readLines(join(folder, 'hosts'))) {
  for (const line of lines) {
    const below = splitName(normaliseName(line))?.below ?? '';
    if (below.length >= 4) hosts.add(below);
  }
}
const random = seeded(21);
const real = shuffled([...hosts], seeded(22));
const kept = real.slice(0, Math.floor(real.length * keptShare));
for (const below of kept) hosts.delete(below);
for (let index = 0; index < 25_000; index += 1) hosts.add(innocentHost(words, random));
const innocent = [...hosts].filter((below) => below.length >= 4);
const tools = [...tunnelTools, ...Array.from({ length: 60 }, (_, index) => inventedTool(index, random))].map(
  ({ name, below }) => ({
    name,
    names: [
      ...new Set(Array.from({ length: name.startsWith('invented') ? 250 : namesEachTool }, () => below(random))),
    ].filter((text) => text.length >= 4),
  }),
);
console.error(`${innocent.length} innocent names, ${tools.length} tools`);

function train(leaveOut: ReadonlySet<string>): TrainedTrees {
  const used = tools.filter(({ name }) => !leaveOut.has(name));
  const weightOf = (name: string) => (name.startsWith('invented') ? 0.4 : 1);
  const totalWeight = used.reduce((sum, { name }) => sum + weightOf(name), 0);
  const all = [
    ...innocent.map((below) => ({ below, label: 0, weight: 1 })),
    ...used.flatMap(({ name, names }) =>
      names.map((below) => ({
        below,
        label: 1,
        weight: (weightOf(name) / totalWeight / names.length) * innocent.length,
      })),
    ),
  ];
  const features = new Float32Array(all.length * tunnelFeatureCount);
  all.forEach(({ below }, index) =>
    tunnelFeatures(language, below, features.subarray(index * tunnelFeatureCount, (index + 1) * tunnelFeatureCount)),
  );
  const trees = trainTrees(
    {
      features,
      featureCount: tunnelFeatureCount,
      labels: Uint8Array.from(all, ({ label }) => label),
      weights: Float32Array.from(all, ({ weight }) => weight),
    },
    boosting,
  );
  return { ...trees, base: trees.base - decisionOf(trees) };
}

/** The log-odds that only decisionFalsePositives of hosts that were not trained on are above. */
function decisionOf(trees: TrainedTrees): number {
  const flat = flattenTrees(trees);
  const row = new Float32Array(tunnelFeatureCount);
  const scores = kept.map((below) => walkTrees(flat, tunnelFeatures(language, below, row)));
  return scoreAtFalsePositives(scores, decisionFalsePositives);
}

if (values['leave-out']) leaveOut();
if (values.write) {
  const writer = new ByteWriter();
  writeTrees(writer, train(new Set()));
  writeModelFile(
    resolve(import.meta.dirname, '../../collector/src/detect/names/model-tunnel.ts'),
    'packedTunnel',
    'Trees that tell tunnelled names; written by lab/detect/train-tunnel.ts.',
    writer.packed(),
  );
}

function leaveOut(): void {
  const tested = readTable(join(values.data, 'lists/dns_tunnel_queries.csv.gz')).map((line) => ({
    tool: line['tool'] ?? '',
    name: line['qname'] ?? '',
    tunnel: line['label_tunnel'] === '1',
  }));
  console.log(
    '| Tool left out | queries | AUC, each alone | recall at 0.1 % false positives | recall | among its neighbours: recall | false positives | F1 |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`;
  for (const [tool, generator] of Object.entries(generators)) {
    const models = { ...shippedModels(), tunnel: flattenTrees(train(new Set([generator]))) };
    const rows = tested.filter((row) => row.tool === tool || !row.tunnel);
    const together = [
      ...scoreBlock(
        rows.map(({ name }) => name),
        models,
      ),
    ]
      .flatMap((text) => text.trim().split('\n'))
      .map((line): number => JSON.parse(line).tunnel);
    const part = (scores: readonly number[], isTunnel: boolean) =>
      scores.filter((_, index) => rows[index]?.tunnel === isTunnel);
    const alone = rows.map(({ name }) => tunnelScore(models, name));
    const [positive, negative] = [part(alone, true), part(alone, false)];
    const [found, wrong] = [part(together, true), part(together, false)].map(
      (scores) => scores.filter((score) => score >= 0.5).length,
    ) as [number, number];
    const cells = [
      areaUnderCurve(positive, negative).toFixed(4),
      percent(shareAbove(positive, scoreAtFalsePositives(negative, 0.001))),
      percent(shareAbove(positive, 0.5)),
      percent(found / positive.length),
      percent(wrong / negative.length, 2),
      ((2 * found) / (found + wrong + positive.length)).toFixed(4),
    ];
    console.log(`| ${tool} | ${positive.length} | ${cells.join(' | ')} |`);
  }
}
