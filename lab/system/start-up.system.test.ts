// `npm start` as a person meets it: the steps it prints, what is left after Ctrl+C, the second start, and what it says when it cannot start.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import type { Connection, Host, List } from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child, type ChildOptions } from '../harness/child.ts';
import { apiClient, createApiToken, eventually, freePort, temporaryFolder } from '../harness/foretop.ts';
import { type Held, holdListener } from '../harness/held-connections.ts';
import { processesOf } from '../harness/left-behind.ts';

const isRoot = process.getuid?.() === 0;
const readyLine = /^Foretop is ready: (http:\/\/localhost:(\d+)\/#login=\S+)$/m;

function start(port: number, dataDir: string, options: ChildOptions = {}): Child {
  const args = ['deploy/local/start.mjs', '--port', `${port}`, '--data', dataDir, '--no-open'];
  return new Child('npm start', args, { ownGroup: true, ...options });
}

/** Ctrl+C; the exit code. */
async function interrupt(child: Child): Promise<number | null> {
  child.interrupt();
  return child.exited();
}

/** What it printed, once it has ended by itself with code 1 and left nothing running. */
async function refusal(child: Child, dataDir: string): Promise<string> {
  expect(await child.exited(), child.output).toBe(1);
  expect(processesOf(dataDir)).toEqual([]);
  expect(child.output, 'no stack trace').not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
  return child.output;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let held: Held;
beforeAll(async () => {
  folder = await temporaryFolder('start');
  held = await holdListener();
});
afterAll(async () => {
  held[Symbol.dispose]();
  await folder[Symbol.asyncDispose]();
});

test('starts step by step, stops without a trace, and finds the same host and its history again', async () => {
  const dataDir = `${folder.path}/data`;
  const port = await freePort();
  const localPort = await held.open();

  await using first = start(port, dataDir);
  const [, link] = await first.waitFor(readyLine, 180_000);
  expect(first.output).toMatch(/✓ Collector on http:\/\/localhost:\d+, data in .*data \([\d.]+ s\)/);
  expect(first.output).toMatch(/✓ Agent connected \([\d.]+ s\)/);
  expect(first.output).toMatch(/What the agent sees of this host: tier [1-4] of 4/);
  expect(first.output.trimEnd().split('\n').at(-1), 'the last line').toMatch(readyLine);
  expect(await signIn(link!)).toBeLessThan(300);
  expect(await signIn(link!), 'a login code works once').toBe(401);

  const get = apiClient(`http://localhost:${port}`, await createApiToken(dataDir, 'viewer'));
  const host = await liveHost(get);
  expect(host.name).toBe(hostname());
  const seenAt = await eventually('the connection to be recorded', async () => {
    const { items, asOf } = await get<List<Connection>>(`/api/v1/hosts/${host.id}/connections?port=${held.port}`);
    return items.some((item) => item.localPort === localPort) ? asOf : undefined;
  });

  await using second = start(await freePort(), dataDir);
  expect(await second.exited()).toBe(1);
  expect(second.output).toMatch(/in use|already (runs|running|uses)/i);
  expect(second.output).toContain('--data');
  expect((await liveHost(get)).id, 'the first one is not disturbed').toBe(host.id);

  expect(await interrupt(first), first.output).toBe(0);
  expect(first.output).toMatch(/✓ The agent stopped[^]*✓ The collector stopped/);
  expect(processesOf(dataDir)).toEqual([]);
  await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow('fetch failed');

  await using third = start(port, dataDir);
  await third.waitFor(readyLine, 120_000);
  expect((await liveHost(get)).id).toBe(host.id);
  expect((await get<List<Host>>('/api/v1/hosts')).items).toHaveLength(1);
  const then = await get<List<Connection>>(`/api/v1/connections?at=${seenAt}&port=${held.port}`);
  expect(then.items.map((item) => item.localPort)).toContain(localPort);
  expect(await interrupt(third), third.output).toBe(0);
  expect(processesOf(dataDir)).toEqual([]);
});

test('a port that is taken', async () => {
  const dataDir = `${folder.path}/port-taken`;
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const { port } = other.address() as { port: number };
    await using child = start(port, dataDir);
    const said = await refusal(child, dataDir);
    expect(said).toContain(`Port ${port}`);
    expect(said).toMatch(/choose another port with --port/);
  } finally {
    other.close();
  }
});

test('a data directory that cannot be made', async () => {
  writeFileSync(`${folder.path}/file`, '');
  const dataDir = `${folder.path}/file/data`;
  await using child = start(await freePort(), dataDir);
  const said = await refusal(child, dataDir);
  expect(said).toContain(dataDir);
  expect(said).toContain('--data');
});

test('wrong options are all named at once', async () => {
  await using child = new Child('npm start', ['deploy/local/start.mjs', '--port', '99999', '--data', '']);
  expect(await child.exited()).toBe(2);
  expect(child.output).toMatch(/--port is "99999"[^]*--data is empty/);
});

// Long enough for the database, for a token, and for the agent to be under way.
test.each([1_500, 2_500, 4_000])('interrupted %i ms after it began to start', async (delayMs) => {
  const dataDir = `${folder.path}/interrupted-${delayMs}`;
  await using child = start(await freePort(), dataDir);
  await child.waitFor(/Built/, 120_000);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  expect(await interrupt(child), child.output).toBe(0);
  expect(processesOf(dataDir)).toEqual([]);
});

test.skipIf(!isRoot)('a full disk (needs root, for a small file system)', async ({ skip }) => {
  const dataDir = `${folder.path}/full`;
  mkdirSync(dataDir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dataDir], { stdio: 'pipe' });
  } catch (error) {
    skip(`no file system can be mounted here: ${String(error)}`);
  }
  try {
    await using child = start(await freePort(), dataDir);
    const said = await refusal(child, dataDir);
    expect(said).toMatch(/disk .*is full/);
    expect(said).toMatch(/Free some space/);
  } finally {
    execFileSync('umount', [dataDir]);
  }
});

test.skipIf(!isRoot)(
  'as an ordinary user it says what it cannot see, and why (needs root, to become another user)',
  async () => {
    const uid = 65_534;
    const home = `${folder.path}/home`;
    mkdirSync(home);
    chownSync(home, uid, uid);
    const port = await freePort();
    const env = { HOME: home, USER: 'nobody', XDG_DATA_HOME: '', XDG_STATE_HOME: '' };
    await using child = start(port, `${home}/data`, { uid, env });
    await child.waitFor(readyLine, 180_000);
    expect(child.output).toMatch(/tier 3 of 4/);
    expect(child.output).toMatch(/to change it: .*(root|CAP_)/i);
    expect(await interrupt(child), child.output).toBe(0);
    expect(processesOf(home)).toEqual([]);
  },
);

async function signIn(link: string): Promise<number> {
  const url = new URL(link);
  const code = new URLSearchParams(url.hash.slice(1)).get('login');
  const headers = { 'content-type': 'application/json', origin: url.origin };
  const response = await fetch(`${url.origin}/api/v1/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ code }),
  });
  return response.status;
}

function liveHost(get: ReturnType<typeof apiClient>): Promise<Host> {
  return eventually('the host to be live', async () => {
    const { items } = await get<List<Host>>('/api/v1/hosts');
    return items.find((item) => item.status === 'live');
  });
}
