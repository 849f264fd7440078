// How far the simulation should be: at real time, or behind it and catching up at a given speed.

export interface PaceOptions {
  /** Unix time when the fleet starts, µs. */
  startedUs: number;
  /** How far before that the simulation begins. */
  historySeconds: number;
  /** Simulated seconds a second, until the present is reached. */
  speed: number;
  /** What an earlier run has lived through already, Unix time in µs: the simulation begins later. */
  livedUs?: number;
}

export interface Pace {
  /** Where the simulation begins: a whole second. */
  beginUs: number;
  /** How far it should be. Never ahead of real time, so that no record lies in the future. */
  targetUs(nowUs: number): number;
}

export function createPace({ startedUs, historySeconds, speed, livedUs = 0 }: PaceOptions): Pace {
  const wantedUs = Math.floor(startedUs / 1e6) * 1e6 - Math.round(historySeconds) * 1e6;
  const beginUs = Math.max(wantedUs, Math.ceil(livedUs / 1e6 + 1) * 1e6);
  return { beginUs, targetUs: (nowUs) => Math.min(nowUs, beginUs + (nowUs - startedUs) * speed) };
}

/** History that a run of `seconds` simulated seconds needs to end in the present. */
export function historyFor(seconds: number, speed: number): number {
  return Math.ceil(seconds * (1 - 1 / speed));
}
