// In the page, see small-targets.ts: names and sizes of targets that a finger misses.
(() => {
  /** Of 24 px the line below a row takes one. */
  const least = 23;
  const wanted =
    'a[href], button, input:not([type="hidden"]), select, textarea, summary, [role="button"], [role="tab"], [role="slider"]';

  const isTarget = (element) =>
    element instanceof HTMLElement &&
    !element.matches(':disabled, [aria-hidden="true"] *') &&
    element.checkVisibility({ visibilityProperty: true }) &&
    getComputedStyle(element).clipPath === 'none';

  /** What stands beside it on its line holds it there: a sentence. */
  const isInSentence = (element) => {
    if (getComputedStyle(element).display !== 'inline' || !element.matches('a, button')) return false;
    return [...(element.parentElement?.childNodes ?? [])].some(
      (node) => node instanceof Text && /\w{2}/.test(node.data),
    );
  };

  const hits = (element) => {
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    // Of words that break into lines, the longest one.
    const boxes = [...element.getClientRects()].sort((one, other) => other.width - one.width);
    if (!boxes[0] || boxes[0].width === 0) return true;
    const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
    const box = boxes[0];
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const isHit = (dx, dy) => {
      const hit = document.elementFromPoint(x + dx, y + dy);
      return hit !== null && [element, ...labels].some((one) => one.contains(hit));
    };
    // Something lies over it, or it is scrolled away in a part of its own.
    if (!isHit(0, 0)) return true;
    const along = (dx, dy) => {
      let px = 1;
      for (const way of [-1, 1]) {
        let step = 1;
        while (step <= least && isHit(way * dx * step, way * dy * step)) step++;
        px += step - 1;
      }
      return px;
    };
    return along(1, 0) >= least && along(0, 1) >= least;
  };

  const small = [...document.querySelectorAll(wanted)]
    .filter(isTarget)
    .filter((element) => !isInSentence(element) && !hits(element));
  return [
    ...new Set(
      small.map((element) => {
        const { width, height } = element.getBoundingClientRect();
        const name = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 30) ?? '';
        return `${element.localName}.${element.className
          .toString()
          .replace(/svelte-\w+/g, '')
          .trim()
          .replace(/\s+/g, '.')} “${name}” ${Math.round(width)}×${Math.round(height)}`;
      }),
    ),
  ];
})();
