// Scales of the mirrored bandwidth chart: round steps, and a height that follows the data without jitter.

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `value`. */
export function roundStep(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((step) => step * power >= value * (1 - 1e-9))!;
  return factor * power;
}

/** Heights above and below zero in bytes a second, on one scale. */
export interface Extent {
  up: number;
  down: number;
}

/** Where the chart should end for these peaks: headroom of 12 %, and no side under a third of the other. */
export function extentFor(rxPeak: number, txPeak: number, least = 1000): Extent {
  const larger = Math.max(rxPeak, txPeak) * 1.12;
  const floor = Math.max(least, larger) / 3;
  return { up: Math.max(rxPeak * 1.12, floor), down: Math.max(txPeak * 1.12, floor) };
}

/** Rises at once so that nothing is cut; falls only after the peaks were low for `holdMs`, then by half every 250 ms. */
export interface Follower {
  next(target: Extent, nowMs: number): Extent;
}

export function createFollower(holdMs = 3000, halfLifeMs = 250): Follower {
  let shown: Extent | undefined;
  const lowSince: { up: number | undefined; down: number | undefined } = { up: undefined, down: undefined };
  let lastMs = 0;

  function side(name: 'up' | 'down', target: number, current: number, nowMs: number): number {
    if (target >= current) {
      lowSince[name] = undefined;
      return target;
    }
    // Small dips do not move the scale: 25 % is about what a gridline is worth.
    if (target > current * 0.75 && lowSince[name] === undefined) return current;
    lowSince[name] ??= nowMs;
    if (nowMs - lowSince[name] < holdMs) return current;
    const eased = target + (current - target) * 0.5 ** ((nowMs - lastMs) / halfLifeMs);
    if (eased - target > target * 0.01) return eased;
    lowSince[name] = undefined;
    return target;
  }

  return {
    next(target, nowMs) {
      shown = shown
        ? { up: side('up', target.up, shown.up, nowMs), down: side('down', target.down, shown.down, nowMs) }
        : target;
      lastMs = nowMs;
      return shown;
    },
  };
}

/** Values of gridlines from top to bottom: negative ones are below zero, and zero is always among them. */
export function gridValues(extent: Extent): number[] {
  const step = roundStep((extent.up + extent.down) / 5.5);
  const values: number[] = [];
  for (let line = Math.floor(extent.up / step); line >= -Math.floor(extent.down / step); line--)
    values.push(line * step);
  return values;
}

/** The parts of a series from `first` on that may each be drawn as one line, as [first, last] index, both included. */
export function runs(length: number, breaksAfter: (index: number) => boolean, first: number): [number, number][] {
  const found: [number, number][] = [];
  let start = first;
  for (let index = first; index < length; index++) {
    if (index === length - 1 || breaksAfter(index)) {
      found.push([start, index]);
      start = index + 1;
    }
  }
  return found;
}
