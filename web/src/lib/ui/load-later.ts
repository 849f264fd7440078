// Loads parts that a first view does without, before somebody asks for them.

/** The page's own data come first. */
const settleMs = 4000;

/** Once the first view stands and the page has a moment, or after two seconds. */
export const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: 2000 });
    else setTimeout(resolve, 200);
  });

/** For onMount: one after the other, whenever the page has nothing else to do. @returns what ends it. */
export function loadLater(...loads: readonly (() => Promise<unknown>)[]): () => void {
  const left = [...loads];
  const next = () => {
    // What is at fault is said when it is needed.
    void left
      .shift()?.()
      .catch(() => undefined)
      .finally(later);
  };
  const later = () => {
    if (left.length === 0) return;
    if ('requestIdleCallback' in globalThis) requestIdleCallback(next);
    else setTimeout(next, 100);
  };
  const timer = setTimeout(later, settleMs);
  return () => {
    clearTimeout(timer);
    left.length = 0;
  };
}
