// Gradient-boosted decision trees: the walk from features to a log-odds. Trained by lab/detect/boosting.ts.
import type { ByteReader } from './byte-reader.ts';

/** Nodes lie depth first: the left child follows its parent. */
export interface BoostedTrees {
  /** Where each tree begins. */
  roots: Int32Array;
  /** The feature a node asks, or -1 in a leaf. */
  features: Int16Array;
  /** A node goes left at or below this; a leaf's share of the log-odds. */
  values: Float32Array;
  rights: Int32Array;
  base: number;
}

/** Log-odds. `row` holds every feature, finite. */
export function walkTrees(trees: BoostedTrees, row: Float32Array): number {
  const { roots, features, values, rights } = trees;
  let sum = trees.base;
  for (let tree = 0; tree < roots.length; tree += 1) {
    let node = roots[tree] as number;
    for (let feature = features[node] as number; feature >= 0; feature = features[node] as number) {
      node = (row[feature] as number) <= (values[node] as number) ? node + 1 : (rights[node] as number);
    }
    sum += values[node] as number;
  }
  return sum;
}

/** A leaf's value is written in this many parts of one. */
export const leafScale = 2048;

/** Format: base, edges of each feature, then trees depth first; a node is feature + 1 and edge number, a leaf 0 and its zigzag value. */
export function readTrees(reader: ByteReader): BoostedTrees {
  const base = reader.float();
  const edges = Array.from({ length: reader.varint() }, () =>
    Array.from({ length: reader.varint() }, () => reader.float()),
  );
  const treeCount = reader.varint();
  const nodeCount = reader.varint();
  const trees: BoostedTrees = {
    roots: new Int32Array(treeCount),
    features: new Int16Array(nodeCount),
    values: new Float32Array(nodeCount),
    rights: new Int32Array(nodeCount),
    base,
  };
  let next = 0;
  const readNode = () => {
    const node = next;
    next += 1;
    const feature = reader.byte() - 1;
    trees.features[node] = feature;
    if (feature < 0) {
      const zigzag = reader.varint();
      trees.values[node] = (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2) / leafScale;
      return;
    }
    trees.values[node] = edges[feature]?.[reader.byte()] ?? 0;
    readNode();
    trees.rights[node] = next;
    readNode();
  };
  for (let tree = 0; tree < treeCount; tree += 1) {
    trees.roots[tree] = next;
    readNode();
  }
  return trees;
}
