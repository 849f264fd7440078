// What a page costs its renderer's main thread, by the kernel's count: other programs on the machine do not add to it.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from '@playwright/test';

export interface MainThread {
  /** CPU milliseconds so far. */
  cpuMs(): number;
  /** Bytes of the JavaScript heap that are in use, after a collection. */
  heapBytes(): Promise<number>;
  devtools: CDPSession;
}

/** The thread that a page's scripts, layout and painting run on. Its number is that of its process. */
export async function mainThreadOf(browser: Browser, page: Page): Promise<MainThread> {
  const whole = await browser.newBrowserCDPSession();
  const renderers = async () => {
    const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  };
  const before = new Map((await renderers()).map((pid) => [pid, cpuMsOf(pid)]));
  await page.evaluate(() => {
    const until = performance.now() + 300;
    while (performance.now() < until);
  });
  // Chromium keeps a spare renderer: ours is the one that was just busy.
  const spent = [...before].map(([pid, ms]) => ({ pid, ms: cpuMsOf(pid) - ms })).sort((a, b) => b.ms - a.ms);
  const pid = spent[0]?.pid;
  if (pid === undefined) throw new Error('no renderer was found');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  return {
    cpuMs: () => cpuMsOf(pid),
    async heapBytes() {
      await devtools.send('HeapProfiler.collectGarbage');
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'JSHeapUsedSize')!.value;
    },
    devtools,
  };
}

/** proc(5), schedstat: nanoseconds that the thread ran. */
const cpuMsOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/** CPU that an act costs until the page is idle again: the act's own, and what follows within `settleMs`. */
export async function costOf(thread: MainThread, act: () => Promise<unknown>, settleMs = 250): Promise<number> {
  const before = thread.cpuMs();
  await act();
  await sleep(settleMs);
  return thread.cpuMs() - before;
}

export async function cpuMsASecond(thread: MainThread, seconds: number): Promise<number> {
  const [before, startedMs] = [thread.cpuMs(), performance.now()];
  await sleep(seconds * 1000);
  return ((thread.cpuMs() - before) / (performance.now() - startedMs)) * 1000;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
