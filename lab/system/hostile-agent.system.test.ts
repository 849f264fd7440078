// An enrolled agent that misbehaves in every way it can: its own host suffers, no other does, and what it says stays within bounds.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, GapEntry, Host, List } from '@foretop/proto/api';
import { compressBatch, encodeAgentFrame, encodeBatchBody, limits, type SealedBatch } from '@foretop/proto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { segmentOf, testHost } from '../../collector/test/batches.ts';
import { TestAgent, testIdentity, type TestIdentity } from '../../collector/test/test-agent.ts';
import { createEnrolToken, eventually } from '../harness/foretop.ts';
import { type Held, holdListener } from '../harness/held-connections.ts';
import { type Lab, startLab } from '../harness/lab.ts';

const tenYearsUs = 10 * 365.25 * 86_400e6;
const hostile = `<img src=x onerror=alert(1)>\0\u202e\u001b[2J'; drop table host; --`;

let lab: Lab;
let held: Held;
let localPort: number;
let identity: TestIdentity;
let hostId: number;
beforeAll(async () => {
  lab = await startLab('honest');
  held = await holdListener();
  localPort = await held.open();
  identity = testIdentity();
  using agent = connect();
  hostId = await agent.enrol(await createEnrolToken(lab.dataDir));
  await eventually('what the honest host holds to be listed', async () =>
    (await heldConnections()).length === 2 ? true : undefined,
  );
});
afterAll(async () => {
  held[Symbol.dispose]();
  await lab[Symbol.asyncDispose]();
});

// Around each test the honest host stays live, and what it has open is listed.
let watching: AbortController;
let seen: Promise<Set<string>>;
beforeEach(() => {
  watching = new AbortController();
  seen = statusesUntil(watching.signal);
});
afterEach(async () => {
  watching.abort();
  expect(await seen).toEqual(new Set(['live']));
  expect(await heldConnections()).toHaveLength(2);
  expect(lab.collector.child.running).toBe(true);
});

/** Both ends of the connection that the honest host holds open. */
async function heldConnections(): Promise<Connection[]> {
  const { items } = await lab.get<List<Connection>>(`/api/v1/hosts/${lab.host.id}/connections?port=${held.port}`);
  return items.filter((item) => item.localPort === localPort || item.remotePort === localPort);
}

const frame = (body: Parameters<typeof encodeAgentFrame>[0]) => Buffer.from(encodeAgentFrame(body));
const pulse = () => frame({ pulse: { boottimeUs: 3_600_000_000, rxRate: 1 } });
const broken: [string, () => Uint8Array | string][] = [
  ['noise', () => randomBytes(2_000)],
  ['nothing', () => new Uint8Array()],
  ['text', () => hostile],
  ['a frame cut short', () => pulse().subarray(0, 4)],
  ['a frame larger than allowed', () => Buffer.alloc(limits.frameBytes + 1, 10)],
  ['a second Hello', () => frame({ hello: { jwt: 'x' } })],
];
test.each(broken)('%s ends the connection and nothing else', async (_name, bytes) => {
  using agent = connect();
  await agent.join();
  agent.sendRaw(bytes());
  const { code } = await agent.ended;
  expect(code === 1009 || (code >= 4000 && code < 4010), `close code ${code}`).toBe(true);
});

test('a batch that comes twice is stored once; one that comes too early is refused', async () => {
  const epoch = randomBytes(8);
  const port = 50_001;
  using agent = connect();
  await agent.join();
  const first = batchOf(agent, epoch, 1, { remotePort: port });
  for (let turn = 0; turn < 3; turn++) agent.batch(first);
  expect((await agent.next('ack')).sequence).toBe(1);
  agent.batch(batchOf(agent, epoch, 2, { remotePort: port + 1 }));
  await untilAcked(agent, 2);
  agent.batch(batchOf(agent, epoch, 7, { remotePort: port + 2 }));
  expect((await agent.ended).name).toBe('sequence-gap');

  // Old batches over a new connection, too.
  using again = connect();
  await again.join();
  again.batch(first);
  await again.next('ack');
  for (const each of [port, port + 1]) expect(await stored(each), `port ${each}`).toHaveLength(1);
  expect(await stored(port + 2)).toEqual([]);
});

test('a batch that cannot be opened is set aside, and those after it are stored', async () => {
  const epoch = randomBytes(8);
  using agent = connect();
  await agent.join();
  agent.batch({ epoch, sequence: 1, previousSequence: 0, payload: randomBytes(500), payloadBytes: 4_000 });
  agent.batch(batchOf(agent, epoch, 2, { remotePort: 50_010 }));
  await untilAcked(agent, 2);
  expect(await stored(50_010)).toHaveLength(1);
  const { items } = await lab.get<List<GapEntry>>(`/api/v1/hosts/${hostId}/gaps`);
  expect(items.map((gap) => gap.reason)).toContain('quarantined');
});

test('names of 64 KB, with NUL, escapes and markup, are cut and stay text', async () => {
  const long = hostile + 'x'.repeat(65_536);
  using agent = connect();
  await agent.join({
    host: { name: long, os: long, kernel: long, platform: long, addresses: [long, hostile], arch: long },
  });
  agent.pulse();
  const host = await eventually('the host to be live under its new name', async () =>
    (await hosts()).find((each) => each.id === hostId && each.status === 'live' && each.name.startsWith('<img')),
  );
  for (const text of [host.name, host.os, host.kernel, host.platform, host.arch, ...host.addresses]) {
    expect(text.length).toBeLessThan(5_000);
    expect(text).not.toContain('\0');
  }
  agent.batch(batchOf(agent, randomBytes(8), 1, { remotePort: 50_020 }, ['', long]));
  await untilAcked(agent, 1);
  const [connection] = await stored(50_020);
  expect(connection!.process).toContain('<img src=x');
  expect(connection!.process).not.toContain('\0');
  expect(connection!.process!.length).toBeLessThan(5_000);
});

test.each([
  ['behind', -tenYearsUs],
  ['ahead', tenYearsUs],
])('a wall clock ten years %s changes nothing about when things happened', async (name, offUs) => {
  const remotePort = name === 'behind' ? 50_030 : 50_031;
  using agent = connect();
  const clock = () => ({ bootId: identity.bootId, boottimeUs: agent.boottimeUs(), wallUs: Date.now() * 1000 + offUs });
  await agent.join({ clock: clock() });
  agent.pulse();
  agent.batch({
    ...batchOf(agent, randomBytes(8), 1, { remotePort }),
    clock: clock(),
    wallOffsetUs: identity.offsetUs + offUs,
  });
  await untilAcked(agent, 1);
  const [connection] = await stored(remotePort);
  expect(Math.abs(Date.parse(connection!.startedAt) - Date.now())).toBeLessThan(60_000);
  const [host] = (await hosts()).filter((each) => each.id === hostId);
  expect(host!.status).toBe('live');
  expect(Math.abs(Date.parse(host!.lastSeenAt!) - Date.now())).toBeLessThan(30_000);
});

test('records of ten years ago and in ten years are a gap, not rows', async () => {
  const epoch = randomBytes(8);
  using agent = connect();
  await agent.join();
  for (const [index, offUs] of [-tenYearsUs, tenYearsUs].entries()) {
    const atUs = Math.max(1, agent.boottimeUs() + offUs);
    const times = { startedUs: atUs, startUs: atUs, endUs: atUs + 1_000_000 };
    agent.batch(batchOf(agent, epoch, index + 1, { remotePort: 50_040, ...times }));
  }
  await untilAcked(agent, 2);
  const from = new Date(Date.now() - 3_000_000).toISOString();
  const { items } = await lab.get<List<Connection>>(
    `/api/v1/connections?host=${hostId}&port=50040&from=${from}&to=${new Date().toISOString()}`,
  );
  expect(items).toEqual([]);
  const gaps = await lab.get<List<GapEntry>>(`/api/v1/hosts/${hostId}/gaps`);
  expect(gaps.items.map((gap) => gap.reason)).toContain('clock');
});

test('a flood of frames without end is slowed down or cut', async () => {
  using agent = connect();
  await agent.join();
  const bytes = frame({ pulse: { boottimeUs: agent.boottimeUs(), rxRate: Number.MAX_SAFE_INTEGER } });
  for (let turn = 0; turn < 20_000 && agent.socket.readyState === agent.socket.OPEN; turn++) {
    agent.sendRaw(bytes);
    if (turn % 500 === 0) await sleep(1);
  }
  await sleep(1_500);
});

function connect(): TestAgent {
  return new TestAgent(`${lab.collector.url.replace('http', 'ws')}/agent`, identity);
}

/** One segment of an outbound connection, just now. */
function batchOf(
  agent: TestAgent,
  epoch: Uint8Array,
  sequence: number,
  changes: Parameters<typeof segmentOf>[2],
  strings = ['', 'curl'],
): Partial<SealedBatch> {
  const { bootId, offsetUs } = agent.identity;
  const host = { ...testHost(hostId), epoch, bootId, offsetUs };
  const cookie = changes?.remotePort ?? sequence;
  const body = encodeBatchBody({ bootId, strings, segments: [segmentOf(host, cookie, { closed: true, ...changes })] });
  return { epoch, sequence, previousSequence: sequence - 1, payload: compressBatch(body), payloadBytes: body.length };
}

async function untilAcked(agent: TestAgent, sequence: number): Promise<void> {
  while ((await agent.next('ack')).sequence! < sequence);
}

async function stored(remotePort: number): Promise<Connection[]> {
  const from = new Date(Date.now() - 3_000_000).toISOString();
  const query = `host=${hostId}&port=${remotePort}&from=${from}&to=${new Date().toISOString()}`;
  return (await lab.get<List<Connection>>(`/api/v1/connections?${query}`)).items;
}

async function hosts(): Promise<Host[]> {
  return (await lab.get<List<Host>>('/api/v1/hosts')).items;
}

async function statusesUntil(signal: AbortSignal): Promise<Set<string>> {
  const found = new Set<string>();
  while (!signal.aborted) {
    for (const host of await hosts()) if (host.id === lab.host.id) found.add(host.status);
    await sleep(200);
  }
  return found;
}
