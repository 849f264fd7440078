// Postgres stands still or dies again and again: the API says so, agents keep what they see, and afterwards all of it is there.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Host, List } from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from '../harness/child.ts';
import { createApiToken, eventually, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { type Held, holdListener } from '../harness/held-connections.ts';
import { type Lab, startLab } from '../harness/lab.ts';
import { postgresPids, postmasterPid } from '../harness/postgres.ts';

const bytes = 12_345;
const openMs = 1_600;

let lab: Lab;
let token: string;
beforeAll(async () => {
  lab = await startLab('database-away');
  token = await createApiToken(lab.dataDir, 'viewer');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

test('it stands still for a while', async () => {
  using held = await holdListener();
  const fromMs = Date.now();
  const pids = await postgresPids(lab.collector);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const work = carryEverySecond(held, 8);
  try {
    const answer = await request('/api/v1/hosts');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ status: 503, type: 'urn:foretop:problem:unavailable' });
    expect(Date.now() - fromMs, 'nobody waits for ever').toBeLessThan(25_000);
    expect((await request('/healthz')).status, 'the process itself is well').toBe(200);
    expect((await request('/readyz')).status).toBe(503);
    await work;
  } finally {
    for (const pid of pids) continueProcess(pid);
  }
  await expectAll(held.port, fromMs, 8);
});

test('it is killed whenever it has come back', async () => {
  using held = await holdListener();
  const fromMs = Date.now();
  const work = carryEverySecond(held, 8);
  const asked = new AbortController();
  const answers = answersUntil(asked.signal);
  for (let turn = 0; turn < 3; turn++) {
    process.kill(await postmasterPid(lab.collector), 'SIGKILL');
    await sleep(2_500);
  }
  await work;
  asked.abort();
  const statuses = new Set((await answers).map(({ status }) => status));
  expect(statuses).toContain(503);
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  for (const { problem } of (await answers).filter(({ status }) => status === 503)) {
    expect(problem).toMatchObject({ status: 503, type: 'urn:foretop:problem:unavailable' });
  }
  await expectAll(held.port, fromMs, 8);
  expect(lab.agent.running).toBe(true);
  expect(lab.collector.child.running).toBe(true);
});

test('a collector whose database stands still ends on the first SIGTERM, and leaves nothing of it running', async () => {
  await using folder = await temporaryFolder('database-frozen');
  const collector = await startCollector(`${folder.path}/data`, await freePort());
  const pids = await postgresPids(collector);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const askedMs = Date.now();
  expect(await collector.child.stop(60_000)).toBe(0);
  expect(Date.now() - askedMs).toBeLessThan(40_000);
  expect(collector.child.output).toContain('"event":"database-given-up"');
  await eventually('the server to be gone', async () => (pids.some(isRunning) ? undefined : true), 10_000);
});

test('a data directory that cannot be made is said, rather than waited for', async () => {
  await using refused = new Child('collector', [
    ...['collector/src/main.ts', 'serve', '--data', '/proc/nope', '--no-open', '--port', String(await freePort())],
  ]);
  await refused.waitFor(/The data directory \/proc\/nope cannot be used/, 20_000);
  expect(await refused.exited()).toBe(1);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function carryEverySecond(held: Held, times: number): Promise<void> {
  const all: Promise<void>[] = [];
  for (let turn = 0; turn < times; turn++) {
    all.push(held.carry(bytes, openMs));
    await sleep(1_000);
  }
  await Promise.all(all);
}

/** What the API answers to one question after another. */
async function answersUntil(signal: AbortSignal): Promise<{ status: number; problem: unknown }[]> {
  const answers: { status: number; problem: unknown }[] = [];
  while (!signal.aborted) {
    const response = await request(`/api/v1/hosts/${lab.host.id}/gaps?limit=1`);
    answers.push({ status: response.status, problem: await response.json() });
    await sleep(50);
  }
  return answers;
}

/** Both ends of each connection, each once, with every byte. */
async function expectAll(port: number, fromMs: number, times: number): Promise<void> {
  const from = new Date(fromMs).toISOString();
  let found: Connection[] = [];
  await eventually(
    'every connection to be in the database',
    async () => {
      const query = `from=${from}&to=${new Date().toISOString()}&port=${port}&limit=1000`;
      const { items } = await lab.get<List<Connection>>(`/api/v1/connections?${query}`);
      found = items.filter((item) => item.state !== 'listen');
      return found.length >= 2 * times ? true : undefined;
    },
    40_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${found.length} of ${2 * times}`);
  });
  expect(found).toHaveLength(2 * times);
  expect(new Set(found.map((item) => item.id)).size).toBe(2 * times);
  const clients = found.filter((item) => item.remotePort === port);
  expect(clients.map((item) => item.txBytes)).toEqual(Array.from({ length: times }, () => bytes));
  const servers = found.filter((item) => item.localPort === port);
  expect(servers.map((item) => item.rxBytes)).toEqual(Array.from({ length: times }, () => bytes));
  const { items } = await lab.get<List<Host>>('/api/v1/hosts');
  expect(items.map((host) => host.status)).toEqual(['live']);
}

function request(path: string): Promise<Response> {
  const signal = AbortSignal.timeout(30_000);
  return fetch(`${lab.collector.url}${path}`, { signal, headers: { authorization: `Bearer ${token}` } });
}

function continueProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // A backend may have ended with its client.
  }
}
