// From connect(2) of this process to the frame in which the connection's row stands in the table of a watched host.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { eventually } from '../../harness/foretop.ts';
import { notePorts, whenPainted } from './in-page.ts';

export interface EventToPixel {
  delaysMs: number[];
  /** By how much the page's clock may be off ours. */
  clockErrorMs: number;
}

/** Apart, so that events fall on every phase of what goes on in periods. */
const leastPauseMs = 300;
const mostPauseMs = 1_300;

/** The page shows this host's connections: the search leaves only those of the server, the youngest first. */
export async function eventToPixel(page: Page, hostUrl: string, samples: number): Promise<EventToPixel> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await page.goto(`${hostUrl}?q=${port}&sort=duration`);
  await page.getByRole('gridcell').first().waitFor();
  await notePorts(page);
  const clock = await pageClock(page);
  const delaysMs: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    await sleep(leastPauseMs + Math.random() * (mostPauseMs - leastPauseMs));
    const openedMs = performance.now();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = socket.localPort!;
    const paintedMs = await eventually(
      `port ${client} in the table`,
      async () => (await whenPainted(page, client)) ?? undefined,
    );
    delaysMs.push(paintedMs - clock.aheadMs - openedMs);
    // Reset, for a connection that is closed would stand in the table for another minute.
    socket.resetAndDestroy();
  }
  server.close();
  return { delaysMs, clockErrorMs: clock.errorMs };
}

/** By how much the page's monotonic clock is ahead of ours: of many questions the one that was answered fastest. */
async function pageClock(page: Page): Promise<{ aheadMs: number; errorMs: number }> {
  let best = { aheadMs: 0, errorMs: Infinity };
  for (let question = 0; question < 50; question++) {
    const before = performance.now();
    const there = await page.evaluate<number>('performance.now()');
    const errorMs = (performance.now() - before) / 2;
    if (errorMs < best.errorMs) best = { aheadMs: there - before - errorMs, errorMs };
  }
  return best;
}
