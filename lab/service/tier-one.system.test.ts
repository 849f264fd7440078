// The capabilities and the view of the file system that the unit of systemd grants, without systemd: in a container, where the other
// tests have one, the kernel gives no eBPF. What the unit's filter of system calls lets through is tested there.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Connection, Host, List } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child, repository } from '../harness/child.ts';
import {
  apiClient,
  createApiToken,
  createEnrolToken,
  eventually,
  freePort,
  type RunningCollector,
  startCollector,
} from '../harness/foretop.ts';
import { holdListener } from '../harness/held-connections.ts';
import { sharedRelease } from './release.ts';

const missing = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'it takes root on Linux' : undefined;
/** The user `nobody`. */
const uid = 65_534;
const patienceMs = 90_000;

const unit = readFileSync(join(repository, 'deploy', 'systemd', 'foretop-agent.service'), 'utf8');
const capabilities = /^AmbientCapabilities=(.*)$/m
  .exec(unit)![1]!
  .split(' ')
  .map((name) => name.slice(4).toLowerCase());
const plus = capabilities.map((name) => `+${name}`).join();

/** ProtectSystem=strict, ProtectControlGroups=, ProtectKernelTunables=: nothing is to be written but in the data directory. */
const start = (data: string, program: string) => `
  mount --make-rprivate / && mount --bind ${data} ${data}
  findmnt --noheadings --raw --output TARGET | while read -r target; do
    case $target in ${data}|/proc/*) ;; *) mount --options remount,bind,ro "$target" 2>/dev/null || true ;; esac
  done
  shift
  exec setpriv --reuid ${uid} --regid ${uid} --clear-groups --no-new-privs \\
    --inh-caps=-all,${plus} --ambient-caps=-all,${plus} --bounding-set=-all,${plus} ${program} "$@"`;

interface Status {
  network: { split: boolean; worker: { pid: number; user: number; seesData: boolean } | null };
  tier: number;
  sources: { name: string; available: boolean; reason: string }[];
}

let folder: string;
let agent: Child;
let collector: RunningCollector;
let get: ReturnType<typeof apiClient>;
let host: Host;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), 'foretop-tier-one-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711);
  const program = join(folder, 'foretop-agent');
  const packed = readFileSync(join(await sharedRelease(), `foretop-agent-linux-${process.arch}.gz`));
  writeFileSync(program, gunzipSync(packed), { mode: 0o755 });
  const data = join(folder, 'agent');
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, uid, uid);
  collector = stack.use(await startCollector(join(folder, 'collector'), await freePort()));
  get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
  const args = ['run', '--collector', collector.url, '--data', data, '--name', 'unit', '--token-file', '-'];
  agent = stack.use(
    new Child('the release', args, {
      prefix: ['unshare', '--mount', 'sh', '-c', start(data, program), 'sh'],
      input: `${await createEnrolToken(collector.dataDir)}\n`,
      env: { TMPDIR: data, FORETOP_AGENT_PRIVILEGE_SPLIT: 'on' },
    }),
  );
  host = await eventually(
    'the host to be live',
    async () => (await get<List<Host>>('/api/v1/hosts?status=live')).items[0],
    patienceMs,
  ).catch((cause: unknown) => {
    throw new Error(`${String(cause)}\n${agent.output.slice(-3000)}`);
  });
}, 400_000);
afterAll(() => stack.disposeAsync());

describe.skipIf(missing)(`what the unit grants${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('is enough for tier 1 with every part of eBPF, and no more than it says', async () => {
    const file = join(folder, 'agent', 'status.json');
    const status = await eventually('the status', async () => JSON.parse(readFileSync(file, 'utf8')) as Status);
    const kernel = status.sources.filter(({ name }) => name.startsWith('ebpf'));
    expect(kernel.filter(({ available }) => !available)).toEqual([]);
    expect(status.tier).toBe(1);
    const own = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
    const sets = [...own.matchAll(/^Cap(?:Inh|Prm|Eff|Bnd):\s*([0-9a-f]+)$/gm)].map(([, mask]) => mask);
    expect(new Set(sets).size).toBe(1);
    expect(own).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(own).toMatch(new RegExp(`^Uid:\\s*${uid}\\s`, 'm'));
  });

  test('is not what the process that talks to the network has', async () => {
    const file = join(folder, 'agent', 'status.json');
    const network = await eventually('the worker in the status', async () => {
      const status = JSON.parse(readFileSync(file, 'utf8')) as Status;
      return status.network.worker ? status.network : undefined;
    });
    expect(network).toMatchObject({ split: true, worker: { user: uid, seesData: false } });
    const worker = readFileSync(`/proc/${network.worker!.pid}/status`, 'utf8');
    for (const set of ['CapPrm', 'CapEff', 'CapAmb']) expect(worker).toMatch(new RegExp(`^${set}:\\s*0+$`, 'm'));
    expect(worker).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(worker).toMatch(new RegExp(`^PPid:\\s*${agent.pid}$`, 'm'));
  });

  test('is enough for the owner of another user’s connection, and for its bytes', async () => {
    const from = new Date().toISOString();
    using listener = await holdListener();
    const open = await listener.open();
    await listener.carry(300_000, 1);
    const find = (query: string) => get<List<Connection>>(`/api/v1/connections?host=${host.id}&limit=500&${query}`);
    const held = await eventually(
      'the open connection',
      async () => (await find('state=established')).items.find(({ localPort }) => localPort === open),
      patienceMs,
    );
    expect(held.pid).toBe(process.pid);
    const short = await eventually(
      'the connection of a millisecond',
      async () =>
        (await find(`from=${from}&to=${new Date().toISOString()}`)).items.find(
          (c) => c.remotePort === listener.port && (c.txBytes ?? 0) >= 300_000,
        ),
      patienceMs,
    );
    expect([short.pid, short.txBytes]).toEqual([process.pid, 300_000]);
  });
});
