// Loads the parts that a page does without at first, in the place of the bundler's own loader (../../../part-loader.ts): what does
// not come is asked for again, and the page hears of it.

const firstPauseMs = 1000;
const longestPauseMs = 15_000;

let reachable = true;
let missing = 0;
let tell: (missing: number) => void = () => undefined;
/** What waits for the collector, or for its next turn. */
const waiting = new Set<() => void>();
const styles = new Map<string, Promise<void>>();

/** Hears how many parts were asked for and do not come, and of each change. */
export function watchMissing(told: (missing: number) => void): void {
  tell = told;
}

/** While the collector is known to be away nothing is asked for: some browsers take a part's first failure for final. */
export function collectorReachable(now: boolean): void {
  reachable = now;
  if (now) for (const go of waiting) go();
}

/**
 * @public What the bundler makes of each `import()`. Never fails for want of the collector, but for faults of the part itself.
 * @param files what the part consists of, relative to `importer`
 */
export async function loadPart<Part>(
  load: () => Promise<Part>,
  files: readonly string[] = [],
  importer?: string,
): Promise<Part> {
  let before: unknown;
  let turns = 0;
  try {
    for (;;) {
      if (reachable)
        try {
          await Promise.all(files.map((file) => preload(new URL(file, importer).href)));
          return await load();
        } catch (error) {
          // What the part threw while it began is another error, or the very same one each time.
          if (!(error instanceof TypeError) || error === before) throw error;
          before = error;
        }
      if (turns === 0) count(1);
      await nextTurn(Math.min(longestPauseMs, firstPauseMs * 2 ** turns++));
    }
  } finally {
    if (turns > 0) count(-1);
  }
}

/** Said once nobody is in the middle of drawing, which is when parts are asked for. */
function count(change: 1 | -1): void {
  const now = (missing += change);
  queueMicrotask(() => tell(now));
}

function nextTurn(pauseMs: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      waiting.delete(go);
      resolve();
    };
    const timer = setTimeout(go, pauseMs);
    waiting.add(go);
  });
}

/** Scripts begin to load; styles are waited for. */
function preload(href: string): Promise<void> | undefined {
  const asked = styles.get(href);
  if (asked || Array.from(document.getElementsByTagName('link')).some((link) => link.href === href)) return asked;
  const link = document.createElement('link');
  const style = href.endsWith('.css');
  link.rel = style ? 'stylesheet' : 'modulepreload';
  link.href = href;
  let loaded: Promise<void> | undefined;
  if (style) {
    loaded = new Promise((resolve, reject) => {
      link.onload = () => resolve();
      link.onerror = () => {
        link.remove();
        styles.delete(href);
        reject(new TypeError(`${href} could not be loaded`));
      };
    });
    styles.set(href, loaded);
  }
  document.head.append(link);
  return loaded;
}
