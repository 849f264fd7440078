import { expect, it } from 'vitest';
import { readTrees, walkTrees } from '../../collector/src/detect/names/boosted-trees.ts';
import { ByteReader } from '../../collector/src/detect/names/byte-reader.ts';
import { flattenTrees, trainTrees, type TrainNode } from './boosting.ts';
import { ByteWriter, writeTrees } from './byte-writer.ts';
import { seeded } from './random.ts';

const random = seeded(1);
const count = 4_000;
const features = Float32Array.from({ length: count * 3 }, () => random.next());
const labels = Uint8Array.from({ length: count }, (_, row) =>
  features[row * 3]! > 0.5 === features[row * 3 + 1]! > 0.3 ? 1 : 0,
);
const trained = trainTrees(
  { features, featureCount: 3, labels, weights: new Float32Array(count).fill(1) },
  { trees: 40, leaves: 8, learningRate: 0.3, leastHessian: 1, ridge: 1 },
);
const rowAt = (row: number) => features.subarray(row * 3, row * 3 + 3);

it('learns what no single feature tells', () => {
  const trees = flattenTrees(trained);
  const right = labels.filter((label, row) => walkTrees(trees, rowAt(row)) > 0 === (label === 1)).length;
  expect(right / count).toBeGreaterThan(0.98);
});

it('where a tree may ask some features only, together they ask all that tell something', () => {
  const columns = 6;
  const wide = Float32Array.from({ length: count * columns }, () => random.next());
  const tellTwo = Uint8Array.from({ length: count }, (_, row) =>
    wide[row * columns]! + wide[row * columns + 5]! > 1 ? 1 : 0,
  );
  const { trees } = trainTrees(
    { features: wide, featureCount: columns, labels: tellTwo, weights: new Float32Array(count).fill(1) },
    { trees: 30, leaves: 16, learningRate: 0.3, leastHessian: 1, ridge: 1, columnShare: 0.5 },
  );
  const asked = (node: TrainNode | undefined): number[] =>
    node?.left ? [node.feature, ...asked(node.left), ...asked(node.right)] : [];
  const perTree = trees.map((tree) => new Set(asked(tree)));
  const withFirst = perTree.filter((some) => some.has(0)).length;
  const withLast = perTree.filter((some) => some.has(5)).length;
  for (const share of [withFirst, withLast]) {
    expect(share).toBeGreaterThan(5);
    expect(share).toBeLessThan(25);
  }
});

it('walks the same after packing', () => {
  const writer = new ByteWriter();
  writeTrees(writer, trained);
  const [plain, packed] = [flattenTrees(trained), readTrees(ByteReader.unpack(writer.packed()))];
  for (let row = 0; row < 500; row += 1)
    expect(walkTrees(packed, rowAt(row))).toBeCloseTo(walkTrees(plain, rowAt(row)), 1);
});

it('a packed model that was cut is refused', () => {
  const writer = new ByteWriter();
  writer.varint(3_000_000);
  writer.float(1.5);
  writer.text('word');
  const reader = ByteReader.unpack(writer.packed());
  expect([reader.varint(), reader.float(), reader.text()]).toEqual([3_000_000, 1.5, 'word']);
  expect(() => reader.byte()).toThrow(RangeError);
});
