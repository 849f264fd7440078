// What benchmarks do inside a page, as its own scripts would, so that no test driver's work is counted with the page's.
import type { Page } from '@playwright/test';

/** How many rows the table has, its head among them. */
export const rowCount = (page: Page): Promise<number> =>
  page.evaluate(`Number(document.querySelector('[role="grid"]')?.getAttribute('aria-rowcount'))`);

export const clickHead = (page: Page, name: string): Promise<void> =>
  page.evaluate(`[...document.querySelectorAll('[role="columnheader"] button')]
    .find((head) => head.textContent.includes(${JSON.stringify(name)})).click()`);

export const typeSearch = (page: Page, text: string): Promise<void> =>
  page.evaluate(`{
    const input = document.querySelector('input[aria-label="Search these"]');
    input.value = ${JSON.stringify(text)};
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }`);

/** One step a frame; returns the milliseconds between frames and leaves a mark at each in the trace. */
export const scroll = (page: Page, frames: number, stepPx: number): Promise<number[]> =>
  page.evaluate(`(async () => {
    const list = document.querySelector('[role="grid"]');
    const times = [];
    for (let frame = 0; frame < ${frames}; frame++) {
      times.push(await new Promise((resolve) => requestAnimationFrame(resolve)));
      performance.mark('scroll-frame');
      list.scrollTop += ${stepPx};
    }
    return times.slice(1).map((time, index) => time - times[index]);
  })()`);

/** From now on notes when each local port was first painted: after the frame that drew what put it into the table. */
export const notePorts = (page: Page): Promise<void> =>
  page.evaluate(`{
    globalThis.painted = new Map();
    const told = new MessageChannel();
    let drawn = [];
    told.port1.onmessage = () => {
      for (const port of drawn.splice(0)) painted.set(port, performance.now());
    };
    const known = new Set();
    const look = () => {
      const found = [];
      // Cell by cell: the texts of neighbours run into each other.
      for (const cell of document.querySelectorAll('[role="grid"] [role="gridcell"]')) {
        const port = /^127\\.0\\.0\\.1:(\\d+)$/.exec(cell.textContent.trim())?.[1];
        if (port === undefined || known.has(port)) continue;
        known.add(port);
        found.push(port);
      }
      if (found.length === 0) return;
      requestAnimationFrame(() => {
        drawn.push(...found);
        // A task, which comes once this frame is drawn.
        told.port2.postMessage(null);
      });
    };
    new MutationObserver(look).observe(document.querySelector('[role="grid"]'), {
      subtree: true,
      childList: true,
      characterData: true,
    });
    look();
  }`);

/** By the page's monotonic clock, ms; null before. */
export const whenPainted = (page: Page, port: number): Promise<number | null> =>
  page.evaluate(`painted.get('${port}') ?? null`);

/** Tasks of more than 50 ms, counted from the call on. */
export async function watchLongTasks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(`{
    globalThis.longTasks = 0;
    new PerformanceObserver((list) => (longTasks += list.getEntries().length)).observe({ type: 'longtask' });
  }`);
  return () => page.evaluate('longTasks');
}
