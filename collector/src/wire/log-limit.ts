// Keeps one host that does wrong again and again from filling the log: a few lines a minute for each, the rest counted.

const linesPerMinute = 5;
const mostKeys = 10_000;

export class LogLimit {
  readonly #windows = new Map<string, { startedMs: number; lines: number; suppressed: number }>();
  readonly #now: () => number;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** undefined: say nothing. Otherwise how many lines of this key were left out before this one. */
  admit(key: string): { suppressed: number } | undefined {
    const nowMs = this.#now();
    const window = this.#windows.get(key);
    if (window === undefined || nowMs - window.startedMs >= 60_000) {
      // Forgetting everything at the bound costs at most a few lines more.
      if (this.#windows.size >= mostKeys) this.#windows.clear();
      this.#windows.set(key, { startedMs: nowMs, lines: 1, suppressed: 0 });
      return { suppressed: window?.suppressed ?? 0 };
    }
    if (window.lines >= linesPerMinute) {
      window.suppressed++;
      return undefined;
    }
    window.lines++;
    return { suppressed: 0 };
  }
}
