// Scrolls a list frame by frame and says what each frame cost the main thread, out of Chromium's own trace.
import type { Page } from '@playwright/test';
import { scroll } from './in-page.ts';
import { type MainThread, quantile } from './main-thread.ts';

interface TraceEvent {
  name: string;
  ts: number;
  tid: number;
  tdur?: number;
}

const frames = 240;
const stepPx = 720;

export interface ScrollCost {
  /** CPU of the main thread between one frame and the next. */
  cpuP95Ms: number;
  /** By the clock: other programs on the machine add to it. */
  frameP95Ms: number;
}

export async function scrollCost(page: Page, thread: MainThread): Promise<ScrollCost> {
  const events: TraceEvent[] = [];
  thread.devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await thread.devtools.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'] },
  });
  const intervals = await scroll(page, frames, stepPx);
  const complete = new Promise((resolve) => thread.devtools.once('Tracing.tracingComplete', resolve));
  await thread.devtools.send('Tracing.end');
  await complete;
  return { cpuP95Ms: quantile(cpuAFrame(events), 0.95), frameP95Ms: quantile(intervals, 0.95) };
}

/** Thread time of the tasks between two marks. */
function cpuAFrame(events: readonly TraceEvent[]): number[] {
  const marks = events.filter(({ name }) => name === 'scroll-frame').sort((a, b) => a.ts - b.ts);
  const tasks = events
    .filter(({ name, tid, tdur }) => name.endsWith('RunTask') && tid === marks[0]?.tid && tdur !== undefined)
    .sort((a, b) => a.ts - b.ts);
  const costs: number[] = [];
  let next = 0;
  for (let i = 1; i < marks.length; i++) {
    let sum = 0;
    while (next < tasks.length && tasks[next]!.ts < marks[i]!.ts) {
      if (tasks[next]!.ts >= marks[i - 1]!.ts) sum += tasks[next]!.tdur!;
      next++;
    }
    costs.push(sum / 1000);
  }
  return costs;
}
