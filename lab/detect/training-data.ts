// Reads what the name models learn from and are tested on. None of it is part of this repository: docs/detection.md says where it is from.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { normaliseName, splitName, type SplitName } from '../../collector/src/detect/names/split.ts';
import { seeded, type Random } from './random.ts';

/** Lines of every .txt of a folder, with the file's name. */
export function readLines(folder: string): { file: string; lines: string[] }[] {
  if (!existsSync(folder)) throw new Error(`${folder} does not exist.`);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => ({
      file,
      lines: readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    }));
}

/** Comma-separated values without quotes, by the names of the first line; .gz or not. Bytes past ASCII stay single characters. */
export function readTable(file: string): Record<string, string>[] {
  const bytes = readFileSync(file);
  const [head = '', ...lines] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').split('\n');
  const columns = head.trim().split(',');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.replace(/\r$/, '').split(',');
      return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
    });
}

/** Names that people registered, each once, shuffled, without those that a test uses. */
export function registeredNames(
  folder: string,
  without: ReadonlySet<string>,
  atMost: Readonly<Record<string, number>>,
): SplitName[] {
  const names = new Map<string, SplitName>();
  for (const { file, lines } of readLines(folder)) {
    const before = names.size;
    for (const line of shuffled(lines, seeded(5))) {
      const split = splitName(normaliseName(line));
      if (!split || without.has(split.registrable) || split.label.length < 4 || split.label.startsWith('xn--'))
        continue;
      if (names.size - before < (atMost[file] ?? Infinity)) names.set(split.registrable, split);
    }
  }
  return shuffled([...names.values()], seeded(6));
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = random.whole(0, index);
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}

/** Area under the curve of true against false positives; ties count half. */
export function areaUnderCurve(positive: readonly number[], negative: readonly number[]): number {
  const all = [...positive.map((score) => [score, 1] as const), ...negative.map((score) => [score, 0] as const)].sort(
    (a, b) => a[0] - b[0],
  );
  let rankSum = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]![0] === all[from]![0]) to += 1;
    for (let at = from; at < to; at += 1) if (all[at]![1] === 1) rankSum += (from + to + 1) / 2;
    from = to;
  }
  return (rankSum - (positive.length * (positive.length + 1)) / 2) / (positive.length * negative.length);
}

/** The lowest score that at most this share of the negatives is above. */
export function scoreAtFalsePositives(negative: readonly number[], share: number): number {
  const sorted = [...negative].sort((a, b) => b - a);
  return sorted[Math.floor(share * sorted.length)] ?? 1;
}

export function shareAbove(scores: readonly number[], limit: number): number {
  return scores.filter((score) => score > limit).length / Math.max(1, scores.length);
}
