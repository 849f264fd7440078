// The agent's collector and record lane alone, telling what they saw as `bench-peers --cmd` scores it: lines in $BENCH_OUT,
// "conn T LOCAL_PORT PID" for each connection to the load's port of short ones, and "bytes T PID SENT RECEIVED" for each process.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openHostCollector } from '../../agent/src/collect/collector.ts';
import { createRecorder } from '../../agent/src/frame/recorder.ts';

const shortPort = 20_002;
const file = process.env['BENCH_OUT'];
if (file === undefined) throw new Error('BENCH_OUT names no file: bench-peers sets it.');
const output = openSync(file, 'w');
const engine = process.argv[2] === 'netlink' ? 'netlink' : 'auto';
const collector = openHostCollector({ log: pino({ level: 'warn' }), engine });
const recorder = createRecorder({ bootId: collector.bootId, offsetUs: () => 0 });
for (let look = 1; ; look++) {
  const tick = collector.tick();
  recorder.observe(tick);
  if (look % 5 === 0) recorder.flush(false);
  const now = (Date.now() / 1000).toFixed(3);
  let lines = '';
  // A short one is in both lists; the second may know its process.
  for (const { remotePort, localPort, pid, remainder } of [...tick.opened, ...tick.closed])
    if (remotePort === shortPort && !remainder) lines += `conn ${now} ${localPort} ${pid}\n`;
  for (const { identity, rxBytes, txBytes } of tick.processes.values())
    if (rxBytes !== undefined) lines += `bytes ${now} ${identity.pid} ${txBytes ?? 0} ${rxBytes}\n`;
  if (lines !== '') writeSync(output, lines);
  await sleep(1_000 - (Date.now() % 1_000));
}
