// `docker compose up` of a fresh clone, as the README has it: three hosts that talk to each other, on the dashboard, over restarts, until nothing is left.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, Host, List } from '@foretop/proto/api';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child, repository } from '../harness/child.ts';
import { chromiumOptions } from '../harness/chromium.ts';
import { composeProject, type Container, copyCheckout, dockerMissing } from '../harness/docker.ts';
import { apiClient, eventually, freePort, temporaryFolder } from '../harness/foretop.ts';
import { becomeAdministrator, buttonOf, endProcess, makeBrowserKey } from './end-a-process.ts';

const missing = dockerMissing();
if (missing) console.warn(`Skipped lab/compose: ${missing}.`);

/**
 * `docker compose up` as a person has it before him. SIGTERM becomes the one SIGINT that Compose gets: a second one, as from a
 * group without a terminal, where docker passes its own on, would make it kill.
 */
const inForeground = `
  const { spawn } = require('node:child_process');
  const compose = spawn('docker', ['compose', 'up'], { cwd: process.argv[1], stdio: 'inherit' });
  compose.on('close', (code) => process.exit(code ?? 1));
  process.on('SIGTERM', () => compose.kill('SIGINT'));
`;
/** For what takes seconds on a machine that has nothing else to do. */
const patienceMs = 180_000;
const until = <T>(what: string, probe: () => Promise<T | undefined>) => eventually(what, probe, patienceMs);
const pictures = join(repository, 'test-results', 'compose');
const names = ['db-1', 'desk-1', 'web-1'];
const seconds: Record<string, number> = {};
const startedMs = performance.now();
const lap = (name: string) => void (seconds[name] = Math.round((performance.now() - startedMs) / 100) / 10);

let stack: AsyncDisposableStack;
let project: ReturnType<typeof composeProject>;
let up: Child;
let get: ReturnType<typeof apiClient>;

beforeAll(async () => {
  if (missing) return;
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(await temporaryFolder('compose'));
  await copyCheckout(folder.path);
  const port = await freePort();
  project = composeProject(folder.path, `foretop-test-${process.pid}`, { FORETOP_PORT: String(port) });
  starting.defer(async () => void (await project.compose('--profile', '*', 'down', '--volumes')));
  up = starting.use(new Child('docker compose up', ['-e', inForeground, folder.path], { env: project.settings }));
  await up.waitFor(/Foretop is ready: \S+/, 600_000);
  lap('until the login link');
  const token = await project.compose('exec', '-T', 'collector', 'foretop', 'token', 'create', '--role', 'viewer');
  get = apiClient(`http://localhost:${port}`, token.trim());
  await until('a host to be live', async () => (await liveHosts())[0]);
  lap('until the first host');
  await until('all to be healthy', async () => ((await states()).every(isWell) ? true : undefined));
  lap('until all are healthy');
  stack = starting.move();
}, 800_000);

afterAll(async () => {
  await stack?.disposeAsync();
  if (!missing) console.log(`docker compose up: ${JSON.stringify(seconds)} s`);
}, 120_000);

describe.skipIf(missing)('docker compose up', () => {
  test('every container is contained: no privilege, nothing to write to, no capability but those of the agents', async () => {
    for (const { Name, HostConfig } of await project.containers()) {
      expect(HostConfig, Name).toMatchObject({ Privileged: false, ReadonlyRootfs: true, CapDrop: ['ALL'] });
      const looks = Name.includes('-agent-') ? ['DAC_READ_SEARCH', 'NET_ADMIN', 'NET_RAW', 'SYS_PTRACE'] : [];
      const acts = Name.includes('-agent-desk-1') ? ['KILL', 'SETGID', 'SETUID'] : [];
      expect(capabilitiesOf(HostConfig.CapAdd), Name).toEqual([...looks, ...acts].sort());
    }
  });

  test('three hosts with addresses of their own, enrolled by themselves', async () => {
    const hosts = await liveHosts();
    expect(hosts.map((host) => host.name)).toEqual(names);
    expect(new Set(hosts.flatMap((host) => host.addresses)).size).toBe(3);
  });

  test('real connections between them, seen from both ends with their processes', async () => {
    const pages = await conversation('desk-1', 'browser', 'web-1', 'web-server', 80);
    const rows = await conversation('web-1', 'web-server', 'db-1', 'database', 5432);
    for (const [near, far] of [pages, rows]) expect(near.communityId).toBe(far.communityId);
    expect(rows[1].txBytes).toBeGreaterThan(1_000_000);
    const listeners = await get<List<Connection>>('/api/v1/connections?state=unconnected&process=name-server');
    expect(listeners.items.map((socket) => socket.localPort)).toEqual([53]);
  });

  test('the link of the log leads to all of them in a browser', async () => {
    mkdirSync(pictures, { recursive: true });
    const browser = await chromium.launch(chromiumOptions);
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
      page.setDefaultTimeout(patienceMs);
      await page.goto(await loginLink());
      const tiles = page.getByRole('region', { name: 'Hosts' }).getByRole('link');
      for (const name of names) await tiles.filter({ hasText: name }).filter({ hasText: 'Live' }).waitFor();
      await page.waitForTimeout(15_000); // the lines of the tiles need some seconds to be seen
      writeFileSync(join(pictures, 'fleet.png'), await page.screenshot());
      await tiles.filter({ hasText: 'web-1' }).click();
      const grid = page.getByRole('grid', { name: 'Connections' });
      await grid.getByText('web-server').first().waitFor();
      await page.waitForTimeout(15_000);
      writeFileSync(join(pictures, 'host.png'), await page.screenshot());
    } finally {
      await browser.close();
    }
  });

  test('a process on a far host is ended from the dashboard, where its file allows that, and both sides say so', async () => {
    const browser = await chromium.launch(chromiumOptions);
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
      page.setDefaultTimeout(patienceMs);
      const link = await project.compose('exec', '-T', 'collector', 'foretop', 'login-link');
      await becomeAdministrator(page, /http\S+/.exec(link)![0]);
      await makeBrowserKey(page, 'this browser');
      const idOf = async (name: string) => (await liveHosts()).find((host) => host.name === name)!.id;
      const desk = await idOf('desk-1');

      const gone = await endProcess(page, desk, 'beacon');
      await gone.getByText('It is gone', { exact: true }).waitFor();
      mkdirSync(pictures, { recursive: true });
      writeFileSync(join(pictures, 'ended.png'), await page.screenshot());
      expect(await programsOf('desk-1')).not.toContain('beacon');

      const again = await endProcess(page, desk, 'browser');
      await again.getByText('It is gone, and something started it again').waitFor();
      expect(await again.textContent()).toMatch(/respawned as PID \d+ by its parent, PID 1/);
      expect(await programsOf('desk-1')).toContain('browser');

      const grey = await buttonOf(page, await idOf('web-1'), 'web-server');
      await grey.and(page.locator('[aria-disabled="true"]')).waitFor();
      await page.getByText('web-1 does not allow terminate').waitFor();
      expect(await programsOf('web-1')).toContain('web-server');
    } finally {
      await browser.close();
    }
    const onDesk = (...args: string[]) => project.compose('exec', '-T', 'agent-desk-1', 'foretop-agent', ...args);
    expect((await onDesk('audit', 'show')).match(/command-ended/g)).toHaveLength(2);
    expect(await onDesk('audit', 'verify')).toContain('unbroken');
    expect(await onDesk('status')).toMatch(/^Network +by process \d+ without rights, as user 65534 /m);
    const collector = (...args: string[]) => project.compose('exec', '-T', 'collector', 'foretop', ...args);
    expect(await collector('audit', 'verify')).toContain('The audit is whole');
  });

  test.each(['collector', 'postgres'])('%s restarts, and nothing is there twice or lost', async (service) => {
    const before = new Date().toISOString();
    const known = await liveHosts();
    await project.compose('restart', service);
    await until('all to be healthy', async () => ((await states()).every(isWell) ? true : undefined));
    const hosts = await until('the hosts to be live', async () => {
      const live = await liveHosts();
      return live.length === names.length ? live : undefined;
    });
    expect(hosts.map((host) => host.id)).toEqual(known.map((host) => host.id));
    const againMs = Date.now();
    const statuses = await until('the collector to acknowledge what was seen since', async () => {
      const all = await Promise.all(names.map(agentStatus));
      return all.every(({ lastAcknowledgedAt }) => Date.parse(lastAcknowledgedAt ?? '') > againMs) ? all : undefined;
    });
    for (const status of statuses) expect(status).toMatchObject({ lostRows: 0, spool: { droppedBatches: 0 } });
    const span = `from=${before}&to=${new Date().toISOString()}&limit=1000`;
    const { items } = await get<List<Connection>>(`/api/v1/connections?${span}`);
    expect(items.length).toBeGreaterThan(0);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  });

  test('a second `up` enrols nobody again', async () => {
    const known = await liveHosts();
    await project.compose('up', '--detach', '--wait');
    expect((await get<List<Host>>('/api/v1/hosts')).items).toHaveLength(known.length);
  });

  test.skipIf(process.platform !== 'linux')(
    'the profile `host` shows this machine, with exactly its capabilities',
    async () => {
      await project.compose('--profile', 'host', 'up', '--detach', 'this-machine');
      const host = await until('this machine to be live', async () =>
        (await liveHosts()).find(({ scope }) => scope === 'machine'),
      );
      const container = (await project.containers()).find(({ Name }) => Name.includes('this-machine'))!;
      expect(container.HostConfig).toMatchObject({ Privileged: false, ReadonlyRootfs: true, CapDrop: ['ALL'] });
      const wanted = capabilitiesOf(container.HostConfig.CapAdd);
      const mask = /^CapEff:\s*(\w+)$/m.exec(readFileSync(`/proc/${container.State.Pid}/status`, 'utf8'))![1]!;
      expect(namesOf(BigInt(`0x${mask}`))).toEqual(wanted);
      const own = await until('the database to show among its sockets', async () => {
        const { items } = await get<List<Connection>>(`/api/v1/hosts/${host.id}/connections?process=postgres&limit=10`);
        return items.find((socket) => socket.localPort === 5432 || socket.remotePort === 5432);
      });
      expect(own.pid).toBeGreaterThan(0);
      await project.compose('rm', '--stop', '--force', 'this-machine');
    },
  );

  test('Ctrl+C stops all of it in order, and `down -v` leaves nothing', async () => {
    await up.stop(patienceMs);
    for (const { Name, State } of await project.containers())
      expect([Name, State.Status, State.ExitCode]).toEqual([Name, 'exited', 0]);
    await project.compose('--profile', '*', 'down', '--volumes');
    expect(await project.leftovers()).toEqual([]);
  });
});

async function liveHosts(): Promise<Host[]> {
  const { items } = await get<List<Host>>('/api/v1/hosts?status=live');
  return items.toSorted((a, b) => a.name.localeCompare(b.name));
}

const states = () => project.containers();

function isWell({ Config, State }: Container): boolean {
  if (Config.Labels['com.docker.compose.service'] === 'enrol') return State.Status === 'exited' && State.ExitCode === 0;
  return State.Status === 'running' && (State.Health === undefined || State.Health.Status === 'healthy');
}

/** An open connection between two hosts to a port of the second, as each of them reports it. */
function conversation(
  near: string,
  client: string,
  far: string,
  server: string,
  port: number,
): Promise<[Connection, Connection]> {
  return until(`${client} on ${near} to talk to ${server} on ${far}`, async () => {
    const hosts = await liveHosts();
    const idOf = (name: string) => hosts.find((host) => host.name === name)!.id;
    const { items } = await get<List<Connection>>('/api/v1/connections?state=established&limit=500');
    const nearEnds = items.filter((c) => c.hostId === idOf(near) && c.process === client && c.remotePort === port);
    const farEnds = items.filter((c) => c.hostId === idOf(far) && c.process === server && c.localPort === port);
    for (const one of nearEnds) {
      const other = farEnds.find(({ remotePort }) => remotePort === one.localPort);
      if (other !== undefined) return [one, other];
    }
    return undefined;
  });
}

/** What the processes of a lab host are called. */
async function programsOf(host: string): Promise<string[]> {
  const script = 'cat /proc/[0-9]*/comm 2>/dev/null; true';
  return (await project.compose('exec', '-T', host, 'sh', '-c', script)).trim().split('\n');
}

interface AgentStatus {
  lastAcknowledgedAt: string | null;
  lostRows: number;
  spool: { droppedBatches: number };
}

async function agentStatus(name: string): Promise<AgentStatus> {
  const text = await project.compose('exec', '-T', `agent-${name}`, 'foretop-agent', 'status', '--json');
  return JSON.parse(text) as AgentStatus;
}

async function loginLink(): Promise<string> {
  const log = await project.compose('logs', '--no-log-prefix', 'collector');
  return [...log.matchAll(/Foretop is ready: (\S+)/g)].at(-1)![1]!;
}

/** Some engines write CAP_ before each. */
const capabilitiesOf = (list: string[] | null) => (list ?? []).map((name) => name.replace(/^CAP_/, '')).sort();

/** Those that compose files here name (linux/capability.h); any other shows by its number. */
function namesOf(mask: bigint): string[] {
  const known: Record<number, string> = {
    2: 'DAC_READ_SEARCH',
    12: 'NET_ADMIN',
    13: 'NET_RAW',
    19: 'SYS_PTRACE',
    21: 'SYS_ADMIN',
    38: 'PERFMON',
    39: 'BPF',
  };
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (mask >> BigInt(bit)) & 1n);
  return bits.map((bit) => known[bit] ?? String(bit)).sort();
}
