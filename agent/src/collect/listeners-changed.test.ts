// A server that begins to listen is shown within seconds, although with the kernel engine dumps are rare: the engine's marks tell.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openHostCollector } from './collector.ts';

/** Unwatched, the next dump comes 10 s after the last at the soonest. */
const withoutMarksMs = 9_400;

it('finds a new listener before the next dump would be due', { timeout: 30_000 }, async ({ skip }) => {
  using collector = openHostCollector({ log: pino({ level: 'silent' }) });
  const engine = collector.sources().find(({ name }) => name === 'ebpf_owners');
  if (!engine?.available) skip(`without the kernel engine each look is a dump: ${engine?.reason ?? 'not Linux'}`);
  const isShown = (port: number) =>
    [...collector.tick().connections.values()].some((c) => c.localPort === port && c.remotePort === 0);
  collector.tick();
  const dumpedMs = performance.now();
  await sleep(1_500);
  collector.tick();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  while (!isShown(port) && performance.now() - dumpedMs < withoutMarksMs) await sleep(250);
  expect(isShown(port)).toBe(true);
  expect(performance.now() - dumpedMs).toBeLessThan(withoutMarksMs);
  server.close();
});
