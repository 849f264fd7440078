// Trains gradient-boosted trees: logistic loss, histograms of up to 255 bins, best leaf first (after Friedman 2001 and Ke et al. 2017).
import type { BoostedTrees } from '../../collector/src/detect/names/boosted-trees.ts';
import { seeded } from './random.ts';

export interface TrainingRows {
  /** Row after row. */
  features: Float32Array;
  featureCount: number;
  /** 0 or 1 */
  labels: Uint8Array;
  weights: Float32Array;
}

export interface BoostingOptions {
  trees: number;
  leaves: number;
  learningRate: number;
  /** Least sum of weighted curvature in a leaf. */
  leastHessian: number;
  /** L2 on leaf values. */
  ridge: number;
  /** A tree may ask a feature with this probability, drawn anew for each; all of them where it is not said. */
  columnShare?: number;
}

export interface TrainNode {
  feature: number;
  /** Goes left at or below edges[feature][bin]. */
  bin: number;
  value: number;
  left: TrainNode | undefined;
  right: TrainNode | undefined;
}

export interface TrainedTrees {
  base: number;
  edges: Float32Array[];
  trees: TrainNode[];
}

interface Leaf {
  node: TrainNode;
  rows: Int32Array;
  histogram: Float64Array;
  gradient: number;
  hessian: number;
  best: { gain: number; feature: number; bin: number };
}

const bins = 255;

export function trainTrees(rows: TrainingRows, options: BoostingOptions): TrainedTrees {
  const count = rows.labels.length;
  const edges = Array.from({ length: rows.featureCount }, (_, feature) => binEdges(rows, feature));
  const binned = edges.map((edge, feature) => binColumn(rows, feature, edge));
  let positive = 0;
  let total = 0;
  for (let row = 0; row < count; row += 1) {
    positive += rows.weights[row]! * rows.labels[row]!;
    total += rows.weights[row]!;
  }
  const base = Math.log(positive / (total - positive));
  const scores = new Float64Array(count).fill(base);
  const gradients = new Float64Array(count);
  const hessians = new Float64Array(count);
  const trees: TrainNode[] = [];
  const random = seeded(7);
  for (let round = 0; round < options.trees; round += 1) {
    for (let row = 0; row < count; row += 1) {
      const p = 1 / (1 + Math.exp(-scores[row]!));
      gradients[row] = (rows.labels[row]! - p) * rows.weights[row]!;
      hessians[row] = Math.max(1e-6, p * (1 - p)) * rows.weights[row]!;
    }
    const asked = binned.map((_, feature) => feature).filter(() => random.next() < (options.columnShare ?? 1));
    trees.push(growTree(binned, asked, gradients, hessians, scores, options));
  }
  return { base, edges, trees };
}

function growTree(
  binned: Uint8Array[],
  asked: readonly number[],
  gradients: Float64Array,
  hessians: Float64Array,
  scores: Float64Array,
  options: BoostingOptions,
): TrainNode {
  const makeLeaf = (rows: Int32Array, histogram: Float64Array): Leaf => {
    let gradient = 0;
    let hessian = 0;
    for (const row of rows) {
      gradient += gradients[row]!;
      hessian += hessians[row]!;
    }
    const value = (options.learningRate * gradient) / (hessian + options.ridge);
    const leaf = {
      node: { feature: -1, bin: 0, value, left: undefined, right: undefined },
      rows,
      histogram,
      gradient,
      hessian,
    };
    return { ...leaf, best: bestSplit(leaf, asked, options) };
  };
  const all = Int32Array.from({ length: gradients.length }, (_, row) => row);
  const root = makeLeaf(all, fillHistogram(all, binned, asked, gradients, hessians));
  const leaves = [root];
  while (leaves.length < options.leaves) {
    let chosen = 0;
    for (let index = 1; index < leaves.length; index += 1)
      if (leaves[index]!.best.gain > leaves[chosen]!.best.gain) chosen = index;
    const leaf = leaves[chosen]!;
    if (leaf.best.gain <= 1e-6) break;
    const column = binned[leaf.best.feature]!;
    const left = leaf.rows.filter((row) => column[row]! <= leaf.best.bin);
    const right = leaf.rows.filter((row) => column[row]! > leaf.best.bin);
    const smaller = left.length < right.length ? left : right;
    const smallHistogram = fillHistogram(smaller, binned, asked, gradients, hessians);
    const largeHistogram = leaf.histogram;
    for (let at = 0; at < largeHistogram.length; at += 1)
      largeHistogram[at] = largeHistogram[at]! - smallHistogram[at]!;
    const leftLeaf = makeLeaf(left, left === smaller ? smallHistogram : largeHistogram);
    const rightLeaf = makeLeaf(right, left === smaller ? largeHistogram : smallHistogram);
    Object.assign(leaf.node, {
      feature: leaf.best.feature,
      bin: leaf.best.bin,
      left: leftLeaf.node,
      right: rightLeaf.node,
    });
    leaves.splice(chosen, 1, leftLeaf, rightLeaf);
  }
  for (const leaf of leaves) for (const row of leaf.rows) scores[row] = scores[row]! + leaf.node.value;
  return root.node;
}

function fillHistogram(
  rows: Int32Array,
  binned: Uint8Array[],
  asked: readonly number[],
  gradients: Float64Array,
  hessians: Float64Array,
): Float64Array {
  const histogram = new Float64Array(binned.length * 512);
  for (const feature of asked) {
    const column = binned[feature]!;
    const base = feature * 512;
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index]!;
      const at = base + column[row]! * 2;
      histogram[at] = histogram[at]! + gradients[row]!;
      histogram[at + 1] = histogram[at + 1]! + hessians[row]!;
    }
  }
  return histogram;
}

function bestSplit(
  leaf: Pick<Leaf, 'histogram' | 'gradient' | 'hessian'>,
  asked: readonly number[],
  { ridge, leastHessian }: BoostingOptions,
): Leaf['best'] {
  const best = { gain: 0, feature: -1, bin: 0 };
  const whole = leaf.gradient ** 2 / (leaf.hessian + ridge);
  for (const feature of asked) {
    let gradient = 0;
    let hessian = 0;
    for (let bin = 0; bin < bins; bin += 1) {
      gradient += leaf.histogram[feature * 512 + bin * 2]!;
      hessian += leaf.histogram[feature * 512 + bin * 2 + 1]!;
      if (hessian < leastHessian) continue;
      if (leaf.hessian - hessian < leastHessian) break;
      const gain =
        gradient ** 2 / (hessian + ridge) + (leaf.gradient - gradient) ** 2 / (leaf.hessian - hessian + ridge) - whole;
      if (gain > best.gain) Object.assign(best, { gain, feature, bin });
    }
  }
  return best;
}

/** Up to 254 values between which rows are told apart, by quantile. */
function binEdges(rows: TrainingRows, feature: number): Float32Array {
  const values = new Float32Array(rows.labels.length);
  for (let row = 0; row < values.length; row += 1) values[row] = rows.features[row * rows.featureCount + feature]!;
  values.sort();
  const edges: number[] = [];
  for (let edge = 1; edge < bins; edge += 1) {
    const value = values[Math.floor((edge * values.length) / bins)]!;
    if (edges.length === 0 || value > edges.at(-1)!) edges.push(value);
  }
  return Float32Array.from(edges);
}

function binColumn(rows: TrainingRows, feature: number, edges: Float32Array): Uint8Array {
  return Uint8Array.from({ length: rows.labels.length }, (_, row) => {
    const value = rows.features[row * rows.featureCount + feature]!;
    let low = 0;
    for (let high = edges.length; low < high;) {
      const middle = (low + high) >> 1;
      if (value <= edges[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** As the collector walks them. */
export function flattenTrees(trained: TrainedTrees): BoostedTrees {
  const features: number[] = [];
  const values: number[] = [];
  const rights: number[] = [];
  const place = (node: TrainNode) => {
    const at = features.length;
    features.push(node.feature);
    values.push(node.feature < 0 ? node.value : (trained.edges[node.feature]![node.bin] ?? Infinity));
    rights.push(0);
    if (!node.left || !node.right) return;
    place(node.left);
    rights[at] = features.length;
    place(node.right);
  };
  const roots = trained.trees.map((tree) => {
    const at = features.length;
    place(tree);
    return at;
  });
  return {
    roots: Int32Array.from(roots),
    features: Int16Array.from(features),
    values: Float32Array.from(values),
    rights: Int32Array.from(rights),
    base: trained.base,
  };
}
