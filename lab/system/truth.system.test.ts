// Is what the REST API says true? Real connections of known number and rate, through agent, wire and collector.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, List, Stats } from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from '../harness/child.ts';
import { eventually, freePort, freePorts } from '../harness/foretop.ts';
import { type Lab, startLab } from '../harness/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab('truth');
}, 120_000);
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
}, 60_000);

test('counts are exact and the rates of long connections are within 1 %', { timeout: 120_000 }, async () => {
  const port = await freePort();
  const args = [
    '--port',
    `${port}`,
    '--idle',
    '250',
    '--steady',
    '4',
    '--bytes-per-second',
    '2000000',
    '--seconds',
    '90',
  ];
  await using load = new Child('load', ['lab/load/tcp-load.ts', ...args]);
  const ready = JSON.parse((await load.waitFor(/^\{"ready".*$/m))[0]) as { client: number; server: number };

  const both = await eventually('every connection to be listed', async () => {
    const list = await connectionsOf(port);
    return list.length === 2 * 254 + 1 ? list : undefined;
  });
  expect(both.filter((c) => c.state === 'listen')).toHaveLength(1);
  const clients = both.filter((c) => c.remotePort === port);
  expect(clients).toHaveLength(254);
  expect(new Set(clients.map((c) => c.pid))).toEqual(new Set([ready.client]));
  expect(new Set(clients.map((c) => c.direction))).toEqual(new Set(['outbound']));
  const servers = both.filter((c) => c.localPort === port && c.state === 'established');
  expect(new Set(servers.map((c) => c.pid))).toEqual(new Set([ready.server]));
  expect(new Set(servers.map((c) => c.direction))).toEqual(new Set(['inbound']));

  await sleep(5_000); // past the ramp-up
  const first = await steadySample(port);
  await sleep(15_000);
  const second = await steadySample(port);
  const elapsed = (second.atMs - first.atMs) / 1000;
  for (const [id, sent] of second.sent) {
    const rate = (sent - first.sent.get(id)!) / elapsed;
    expect(Math.abs(rate / 2_000_000 - 1), `${id} sent at ${rate} B/s`).toBeLessThan(0.01);
  }
});

test("agrees with the given load generator's own truth file", { timeout: 120_000 }, async (context) => {
  const folder = process.env['FORETOP_TEST_BENCH'];
  if (!folder || !existsSync(`${folder}/loadgen`))
    return context.skip('FORETOP_TEST_BENCH names no folder with a load generator');
  const base = await freePorts(8);
  const truthFile = join(await mkdtemp(join(tmpdir(), 'foretop-truth-')), 'truth');
  const args = [
    '--seconds',
    '40',
    '--idle',
    '500',
    '--steady-mbit',
    '80',
    '--steady-conns',
    '8',
    '--steady-procs',
    '2',
  ];
  const load = spawn(`${folder}/loadgen`, [...args, '--base-port', `${base}`, '--truth-file', truthFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const idle = await eventually('every idle connection to be listed', async () => {
      const list = await connectionsOf(base);
      return list.filter((c) => c.state === 'established').length === 1000 ? list : undefined;
    });
    expect(idle.filter((c) => c.remotePort === base)).toHaveLength(500);
    await sleep(5_000);
    const from = await steadySample(base + 1);
    await sleep(15_000);
    const to = await steadySample(base + 1);
    await sleep(1_500); // the truth file's next line
    const truth = (await readFile(truthFile, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TruthLine);
    const sentTruth = sentBetween(truth, from.atMs / 1000, to.atMs / 1000);
    const seen = sum(to.sent) - sum(from.sent);
    expect(Math.abs(seen / sentTruth - 1), `${seen} bytes seen, ${sentTruth} sent`).toBeLessThan(0.01);
  } finally {
    load.kill('SIGTERM');
  }
});

test('counts by state and the busiest processes are in the statistics', async () => {
  const stats = await lab.get<Stats>('/api/v1/stats');
  expect(stats.hosts).toEqual({ live: 1, stale: 0, offline: 0 });
  const states = Object.values(stats.connections.byState).reduce((total, count) => total + count, 0);
  expect(states).toBe(stats.connections.total);
  expect(stats.topProcesses.length).toBeGreaterThan(0);
});

interface TruthLine {
  t: number;
  procs: { mode: string; side: string; sent_bytes: number }[];
}

/** Bytes that the steady clients sent between two instants, straight between the lines of the truth file. */
function sentBetween(lines: TruthLine[], from: number, to: number): number {
  const total = (line: TruthLine) =>
    line.procs.filter((p) => p.mode === 'steady' && p.side === 'client').reduce((bytes, p) => bytes + p.sent_bytes, 0);
  const at = (t: number) => {
    const after = lines.findIndex((line) => line.t >= t);
    if (after < 1) throw new Error(`the truth file does not reach ${t}`);
    const [a, b] = [lines[after - 1]!, lines[after]!];
    return total(a) + ((total(b) - total(a)) * (t - a.t)) / (b.t - a.t);
  };
  return at(to) - at(from);
}

/** Bytes sent by each client connection to `port`, and the instant that they describe. */
async function steadySample(port: number): Promise<{ atMs: number; sent: Map<string, number> }> {
  const list = await lab.get<List<Connection>>(`/api/v1/hosts/${lab.host.id}/connections?port=${port}&limit=1000`);
  const clients = list.items.filter((c) => c.remotePort === port && c.txBytes !== null && c.txBytes > 100_000);
  return { atMs: Date.parse(list.asOf), sent: new Map(clients.map((c) => [c.id, c.txBytes!])) };
}

async function connectionsOf(port: number): Promise<Connection[]> {
  const all: Connection[] = [];
  let cursor = '';
  do {
    const query = `port=${port}&limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await lab.get<List<Connection>>(`/api/v1/hosts/${lab.host.id}/connections?${query}`);
    all.push(...page.items);
    cursor = page.nextCursor ?? '';
  } while (cursor !== '');
  return all;
}

const sum = (values: Map<string, number>) => [...values.values()].reduce((total, value) => total + value, 0);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
