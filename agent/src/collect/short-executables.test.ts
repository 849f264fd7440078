// Processes of less than half a second: whoever lives 300 ms is told of with the file that it runs, wherever between two looks it falls.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { skipsHere, Talker } from '../host/engine.linux-traffic.ts';
import { openHostCollector } from './collector.ts';
import type { ProcessIdentity, TrackedConnection } from './tick.ts';

const children = 80;
/** A test that waits so long for a processor cannot see what lives 300 ms. */
const starvedMs = 200;

/** Each child connects, executes the file, which keeps the connection, and ends with it. */
const parent = `
file = sys.argv[1]; s = listen(); say(s.getsockname()[1]); wait(); pids = []; kept = []
for i in range(${children}):
    pid = os.fork()
    if pid == 0:
        c = socket.create_connection(s.getsockname()); c.set_inheritable(True); os.execv(file, [file, '0.3'])
    pids.append(pid); kept.append(s.accept()[0]); time.sleep(0.037)
for pid in pids: os.waitpid(pid, 0)
say(pids); wait()
`;

describe.skipIf(skipsHere('processes that live 300 ms'))('processes that live 300 ms', () => {
  it(
    'are told of with their executable, all of them, and own their connections',
    { timeout: 60_000 },
    async ({ skip }) => {
      const delay = monitorEventLoopDelay({ resolution: 10 });
      using folder = temporaryDirectory();
      const file = join(folder.path, 'brief');
      copyFileSync('/bin/sleep', file);
      using collector = openHostCollector({ log: pino({ level: 'silent' }) });
      collector.tick();
      await using talker = new Talker(parent, { args: [file] });
      const port = await talker.answer<number>();
      talker.tell();
      delay.enable();
      const identities = new Map<number, ProcessIdentity>();
      const clients: TrackedConnection[] = [];
      let pids: number[] | undefined;
      void talker.answer<number[]>().then((ended) => (pids = ended));
      for (let looksLeft = 3; looksLeft > 0; looksLeft -= pids ? 1 : 0) {
        await sleep(1_000);
        const { started, closed, processes } = collector.tick();
        for (const { identity } of [...started, ...processes.values()]) identities.set(identity.pid, identity);
        clients.push(...closed.filter(({ remotePort, remainder }) => remotePort === port && !remainder));
      }
      delay.disable();
      expect(new Set(clients.map(({ pid }) => pid))).toEqual(new Set(pids));
      expect(clients).toHaveLength(children);
      const missed = pids!.filter((pid) => identities.get(pid)?.executable !== file);
      const waitedMs = delay.max / 1e6;
      if (missed.length > 0 && waitedMs > starvedMs) {
        const reason = `this test waited ${waitedMs.toFixed(0)} ms for a processor`;
        process.stdout.write(`skipped: executables of processes that live 300 ms: ${reason}\n`);
        skip(reason);
      }
      expect(missed).toEqual([]);
    },
  );
});
