// An agent in two processes: the one that talks to the network has nothing, whatever dies comes back or ends, and no record is lost.
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, List } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, run } from '../harness/child.ts';
import {
  agentMain,
  apiClient,
  createApiToken,
  createEnrolToken,
  eventually,
  freePort,
  type RunningCollector,
  startAgent,
  startCollector,
  temporaryFolder,
} from '../harness/foretop.ts';
import { holdListener } from '../harness/held-connections.ts';

const missing = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'it takes root on Linux' : undefined;
const nobody = 65_534;
const patienceMs = 60_000;
/** What the service's unit grants for tier 1 and terminate. */
const granted = ['dac_read_search', 'kill', 'net_admin', 'net_raw', 'sys_ptrace', 'perfmon', 'bpf'];

interface Status {
  pid: number;
  connection: { state: string };
  network: { split: boolean; why: string; worker: { pid: number; user: number; seesData: boolean } | null };
  spool: { batches: number; droppedBatches: number };
  lostRows: number;
}

interface SplitAgent extends AsyncDisposable {
  agent: Child;
  data: string;
  host: Host;
  status(): Status;
  /** The worker that holds the connection now. */
  worker(other?: number): Promise<number>;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let collector: RunningCollector;
let get: ReturnType<typeof apiClient>;
let ceiling: string;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  if (missing) return;
  folder = stack.use(await temporaryFolder('split'));
  collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
  get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
  ceiling = `${folder.path}/ceiling.json`;
  writeFileSync(ceiling, '{ "allow": "terminate" }', { mode: 0o644 });
  chmodSync(ceiling, 0o644);
});
afterAll(() => stack.disposeAsync());

async function start(name: string, prefix: string[] = [], owner = 0): Promise<SplitAgent> {
  const data = `${folder.path}/${name}`;
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, owner, owner);
  const env = { FORETOP_AGENT_CEILING_FILE: ceiling };
  const token = await createEnrolToken(collector.dataDir);
  const agent = startAgent(collector.url, data, name, { token, prefix, env });
  const status = () => JSON.parse(readFileSync(`${data}/status.json`, 'utf8')) as Status;
  const host = await live(name).catch(async (cause: unknown) => {
    await agent.stop();
    throw new Error(`${String(cause)}\n${agent.output.slice(-3000)}`);
  });
  const worker = (other?: number) =>
    eventually(
      `a worker of ${name}`,
      async () => {
        const { connection, network } = status();
        const pid = network.worker?.pid;
        return connection.state === 'connected' && pid !== other ? pid : undefined;
      },
      patienceMs,
    );
  return { agent, data, host, status, worker, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

const live = (name: string) =>
  eventually(
    `${name} to be live`,
    async () => (await get<List<Host>>('/api/v1/hosts')).items.find((h) => h.name === name && h.status === 'live'),
    patienceMs,
  );

/** Of a process, as proc(5) shows them. */
const field = (pid: number, name: string) =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
const openFiles = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
/** Inodes of the sockets that are connected to this port over TCP. */
function socketsTo(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1));
  const columns = lines.map((line) => line.trim().split(/\s+/));
  return columns
    .filter(([, , remote, state]) => remote?.endsWith(suffix) && state === '01')
    .map((c) => `socket:[${c[9]}]`);
}
const isGone = (pid: number) =>
  eventually(`process ${pid} to end`, async () => {
    try {
      return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? true : undefined;
    } catch {
      return true;
    }
  });

function expectNothing(pid: number): void {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    for (const name of ['CapPrm', 'CapEff', 'CapAmb'])
      expect([name, field(Number(task), name)]).toEqual([name, '0'.repeat(16)]);
    expect(field(Number(task), 'NoNewPrivs')).toBe('1');
    expect(field(Number(task), 'Uid')).toMatch(new RegExp(`^(${nobody}\\s*){4}$`));
  }
}

describe.skipIf(missing)(`the agent in two processes${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('as root: only the worker has the connection, and it has nothing else', async () => {
    await using own = await start('root');
    const { agent, data, status, worker } = own;
    const pid = await worker();
    expect(status().network).toMatchObject({ split: true, worker: { user: nobody, seesData: false } });
    expectNothing(pid);
    expect(field(agent.pid, 'CapEff')).not.toBe('0'.repeat(16));
    const sockets = socketsTo(collector.port);
    expect(openFiles(pid).filter((file) => sockets.includes(file))).toHaveLength(1);
    expect(openFiles(agent.pid).filter((file) => sockets.includes(file))).toEqual([]);
    expect(openFiles(pid).filter((file) => file.startsWith(data))).toEqual([]);
    expect(await run([agentMain, 'status', '--data', data])).toMatch(
      new RegExp(`^Network +by process ${pid} without rights, as user ${nobody} `, 'm'),
    );
  });

  test('with the capabilities of the unit, as its user: the worker has none, and cannot reach the key', async () => {
    const plus = granted.map((name) => `+${name}`).join();
    const sets = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=-all,${plus}`);
    const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs', ...sets];
    await using own = await start('unit', prefix, nobody);
    const { agent, status, worker } = own;
    const pid = await worker();
    expectNothing(pid);
    expect(field(agent.pid, 'Uid')).toMatch(new RegExp(`^${nobody}\\s`));
    expect(field(agent.pid, 'CapEff')).not.toBe('0'.repeat(16));
    expect(status().network.worker).toEqual({ pid, user: nobody, seesData: false });
    expect(agent.output).not.toContain('network-process-sees-data');
  });

  test('the worker killed again and again costs no record, the broker killed ends the worker', async () => {
    await using own = await start('killed');
    const { agent, host, status, worker } = own;
    const from = new Date().toISOString();
    using listener = await holdListener();
    let pid = await worker();
    for (let round = 0; round < 5; round++) {
      await listener.carry(10_000, 1);
      process.kill(pid, 'SIGKILL');
      pid = await worker(pid);
    }
    const rows = await eventually(
      'all connections',
      async () => {
        const query = `host=${host.id}&port=${listener.port}&from=${from}&to=${new Date().toISOString()}`;
        const { items } = await get<List<{ remotePort: number; txBytes: number }>>(`/api/v1/connections?${query}`);
        const own = items.filter(({ remotePort, txBytes }) => remotePort === listener.port && txBytes >= 10_000);
        return own.length >= 5 ? own : undefined;
      },
      patienceMs,
    );
    expect(rows.map(({ txBytes }) => txBytes)).toEqual(Array(5).fill(10_000));
    expect(status()).toMatchObject({ lostRows: 0, spool: { droppedBatches: 0 } });
    await agent.kill();
    await isGone(pid);
  });

  test('stopped as a service is, with a signal to both, it says goodbye and leaves nothing behind', async () => {
    await using own = await start('stopped');
    const { agent, status, worker } = own;
    const pid = await worker();
    process.kill(pid, 'SIGTERM');
    await sleep(200);
    expect(await agent.stop()).toBe(0);
    expect(agent.output).not.toMatch(/network-process-(said|impossible)|"event":"disconnected"/);
    expect(status()).toMatchObject({ connection: { state: 'stopped' }, spool: { batches: 0 } });
    await isGone(pid);
  });

  test('where the host allows nothing but looking there is one process, and the status says why', async () => {
    writeFileSync(ceiling, '{ "allow": "observe" }');
    await using own = await start('observing');
    const { agent, status } = own;
    const told = await eventually('the status', async () => status().network, patienceMs);
    expect(told).toEqual({ split: false, why: 'this host allows nothing but looking', worker: null });
    expect(openFiles(agent.pid).some((file) => socketsTo(collector.port).includes(file))).toBe(true);
  });
});
