// What the kernel's programs cost the host: nanoseconds a packet, and the throughput of one TCP connection with and without them.
//
//   npm run bench:bpf -w lab        (root; a minute)
//
// Runs with and without alternate, so that what else the machine does meets both. On loopback a packet passes both directions.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKernelEngine } from '../../agent/src/host/engine.linux.ts';
import type { KernelEngine } from '../../agent/src/host/engine.ts';

const runs = 7;
const runMs = 2_000;
const statistics = '/proc/sys/kernel/bpf_stats_enabled';

if (process.argv[2] === 'receive') receive();
else await measure();

interface Cost {
  nanoseconds: number;
  count: number;
}

async function measure(): Promise<void> {
  const before = readFileSync(statistics, 'utf8');
  const speeds = { with: [] as number[], without: [] as number[] };
  let costs = new Map<string, Cost>();
  for (let run = 0; run < runs; run++) {
    speeds.without.push(await bulk());
    using engine = openKernelEngine({ scope: 'machine' });
    const idle = setInterval(() => engine.drain({ closed() {}, payload() {} }), 200);
    speeds.with.push(await bulk());
    clearInterval(idle);
  }
  writeFileSync(statistics, '1');
  try {
    costs = await counted();
  } finally {
    writeFileSync(statistics, before);
  }
  console.log('| Program | runs | ns a run |\n|---|---|---|');
  for (const [name, { nanoseconds, count }] of costs)
    if (count > 0) console.log(`| ${name} | ${count} | ${(nanoseconds / count).toFixed(0)} |`);
  const [plain, watched] = [median(speeds.without), median(speeds.with)];
  const spread = (Math.max(...speeds.without) / Math.min(...speeds.without) - 1) * 100;
  console.log(
    `\nTCP bulk, median of ${runs} runs of ${runMs} ms: ${plain.toFixed(2)} GB/s without, ${watched.toFixed(2)} GB/s with`,
  );
  console.log(
    `(${((watched / plain - 1) * 100).toFixed(1)} %; the runs without differ by ${spread.toFixed(0)} % among themselves)`,
  );
}

async function counted(): Promise<Map<string, Cost>> {
  using engine: KernelEngine = openKernelEngine({ scope: 'machine' });
  engine.readFlows(() => {});
  await bulk();
  return programCosts();
}

/** Of all programs of this process, as the kernel counts them: proc(5), fdinfo of a program. */
function programCosts(): Map<string, Cost> {
  const costs = new Map<string, Cost>();
  for (const name of readdirSync('/proc/self/fdinfo')) {
    const text = readOrEmpty(`/proc/self/fdinfo/${name}`);
    const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
    const type = field('prog_type');
    if (Number.isNaN(type) || Number.isNaN(field('run_cnt'))) continue;
    costs.set(`type ${type}, descriptor ${name}`, { nanoseconds: field('run_time_ns'), count: field('run_cnt') });
  }
  return costs;
}

/** GB a second of one connection between two processes. */
async function bulk(): Promise<number> {
  const receiver = fork(import.meta.filename, ['receive'], { execArgv: [] });
  const [port] = (await once(receiver, 'message')) as [number];
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  const chunk = Buffer.alloc(256 << 10);
  const send = () => {
    while (socket.write(chunk)) continue;
  };
  socket.on('drain', send);
  const startedMs = performance.now();
  send();
  await sleep(runMs);
  socket.off('drain', send);
  const bytes = socket.bytesWritten - socket.writableLength;
  const seconds = (performance.now() - startedMs) / 1_000;
  socket.destroy();
  receiver.kill();
  await once(receiver, 'exit');
  return bytes / seconds / 1e9;
}

function receive(): void {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the descriptor that listed the folder
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
