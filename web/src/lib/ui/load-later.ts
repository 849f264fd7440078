// Loads parts that a first view does without, before somebody asks for them.

/** The page's own data come first. */
const settleMs = 4000;

/** For onMount: one after the other, whenever the page has nothing else to do. @returns what ends it. */
export function loadLater(...loads: readonly (() => Promise<unknown>)[]): () => void {
  const left = [...loads];
  const next = () => {
    // What fails is asked for again when it is needed, and said then.
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
