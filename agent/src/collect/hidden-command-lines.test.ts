// A host whose owner does not want command lines told: none leaves the collector.
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openHostCollector } from './collector.ts';
import type { Tick } from './tick.ts';

const log = pino({ level: 'silent' });
const linesOf = ({ processes }: Tick) => [...processes.values()].map(({ identity }) => identity.commandLine);

test.each([
  ['as they are', false],
  ['none', true],
])('%s', async (_what, hideCommandLines) => {
  using collector = openHostCollector({ log, engine: 'netlink', hideCommandLines });
  collector.tick();
  await sleep(100);
  const lines = linesOf(collector.tick());
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.some((line) => line !== '')).toBe(!hideCommandLines);
});
