// Two agents in network namespaces and one in a container-like PID namespace, beside the host's own: who sees what, and whose it is.
import { readdirSync, readFileSync } from 'node:fs';
import type { Connection, Host, List, Process } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child, type ChildOptions, repository } from '../harness/child.ts';
import { createEnrolToken, eventually, freePort, startAgent, temporaryFolder } from '../harness/foretop.ts';
import { type Lab, startLab } from '../harness/lab.ts';
import { joinNamespaces, makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';

const missing = namespacesMissing();
if (missing) console.warn(`Skipped lab/system/namespaces: ${missing}.`);

/** Connections of each load; both ends and the listener are sockets of the same namespace. */
const idle = 5;
const socketsOfALoad = 2 * idle + 1;
const names = ['ns-one', 'ns-two', 'ns-pod'] as const;
const addresses = { 'ns-one': '10.213.7.1', 'ns-two': '10.213.7.2' };

interface Load {
  client: number;
  server: number;
}

let stack: AsyncDisposableStack;
let lab: Lab;
let loadPort: number;
let vethPort: number;
const loads = {} as Record<(typeof names)[number] | 'namespaces', Load>;
const hosts = {} as Record<(typeof names)[number], Host>;

beforeAll(async () => {
  if (missing) return;
  await using starting = new AsyncDisposableStack();
  lab = starting.use(await startLab('namespaces'));
  [loadPort, vethPort] = [await freePort(), await freePort()];
  loads.namespaces = await startLoad(starting, {});
  const folder = starting.use(await temporaryFolder('namespaces'));
  const gate = `${folder.path}/collector.sock`;
  await startForwarder(starting, `unix:${gate}`, `tcp:${lab.collector.port}`, {});
  await Promise.all(names.map((name) => startInside(starting, name, folder.path, gate)));
  const [one, two] = [
    { name: netns(names[0]), address: addresses[names[0]] },
    { name: netns(names[1]), address: addresses[names[1]] },
  ];
  joinNamespaces(one, two);
  await startVethPair(starting);
  stack = starting.move();
}, 90_000);

afterAll(async () => {
  await stack?.disposeAsync();
}, 60_000);

describe.skipIf(missing)('agents in namespaces', () => {
  test.each(names)('%s reports its own namespace, each connection once, with its process', async (name) => {
    expect(hosts[name].scope).toBe('namespace');
    const found = await connectionsOf(hosts[name], loadPort, socketsOfALoad);
    expect(new Set(found.map((c) => c.id)).size).toBe(socketsOfALoad);
    expect(owners(found)).toEqual(ownersOf([loads[name]]));
  });

  test('the host reports all of them, each once, with the processes as the host numbers them', async () => {
    expect(lab.host.scope).toBe('machine');
    const found = await connectionsOf(lab.host, loadPort, 4 * socketsOfALoad);
    expect(new Set(found.map((c) => c.id)).size).toBe(4 * socketsOfALoad);
    const pod = { client: hostPid(loads['ns-pod'].client), server: hostPid(loads['ns-pod'].server) };
    expect(owners(found)).toEqual(ownersOf([loads.namespaces, loads['ns-one'], loads['ns-two'], pod]));
  });

  test('both ends of a connection between namespaces are told apart', async () => {
    const ends = async (host: Host, count: number) =>
      (await connectionsOf(host, vethPort, count))
        .map((c) => `${c.direction} ${c.localAddress} ${c.remoteAddress}`)
        .toSorted();
    const outbound = `outbound ${addresses['ns-one']} ${addresses['ns-two']}`;
    const inbound = `inbound ${addresses['ns-two']} ${addresses['ns-one']}`;
    const listening = `listen ${addresses['ns-two']} null`;
    expect(await ends(hosts['ns-one'], 1)).toEqual([outbound]);
    expect(await ends(hosts['ns-two'], 2)).toEqual([inbound, listening]);
    expect(await ends(lab.host, 3)).toEqual([inbound, listening, outbound]);
  });

  test('the agent in the PID namespace knows no process but those in there', async () => {
    const { items } = await lab.get<List<Process>>(`/api/v1/hosts/${hosts['ns-pod'].id}/processes?limit=1000`);
    expect(items.map((item) => item.pid)).toContain(loads['ns-pod'].client);
    expect(Math.max(...items.map((item) => item.pid))).toBeLessThan(1_000);
  });
});

const netns = (name: string) => `foretop-${name}-${process.pid}`;

/** A namespace with its agent, its way to the collector and its load. */
async function startInside(
  stack: AsyncDisposableStack,
  name: (typeof names)[number],
  folder: string,
  gate: string,
): Promise<void> {
  const inside: ChildOptions = { networkNamespace: stack.use(makeNamespace(name)).name };
  const { port } = lab.collector;
  await startForwarder(stack, `tcp:${port}`, `unix:${gate}`, inside);
  const token = await createEnrolToken(lab.dataDir);
  const prefix = name === 'ns-pod' ? { prefix: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] } : {};
  const agent = startAgent(`http://localhost:${port}`, `${folder}/${name}`, name, { token, ...inside, ...prefix });
  try {
    loads[name] = await startLoad(stack, name === 'ns-pod' ? { prefix: enter(await childOf(agent.pid)) } : inside);
  } finally {
    // Ends before the load: with the first process of a PID namespace all others end, but nsenter does not pass a signal on.
    stack.use(agent);
  }
  hosts[name] = await eventually(`${name} to be live`, async () => {
    const { items } = await lab.get<List<Host>>('/api/v1/hosts');
    return items.find((item) => item.name === name && item.status === 'live');
  });
}

async function startLoad(stack: AsyncDisposableStack, options: ChildOptions): Promise<Load> {
  // nsenter does not keep the working directory.
  const args = [`${repository}lab/load/tcp-load.ts`, '--port', `${loadPort}`, '--idle', `${idle}`, '--seconds', '120'];
  const load = stack.use(new Child('load', args, options));
  const [line] = await load.waitFor(/^\{"ready".*$/m);
  return JSON.parse(line) as Load;
}

async function startForwarder(
  stack: AsyncDisposableStack,
  from: string,
  to: string,
  options: ChildOptions,
): Promise<void> {
  const forwarder = stack.use(new Child('forwarder', ['lab/load/forwarder.ts', '--from', from, '--to', to], options));
  await forwarder.waitFor(/^forwarding$/m);
}

async function startVethPair(stack: AsyncDisposableStack): Promise<void> {
  const host = addresses['ns-two'];
  const serve = `require('node:net').createServer().listen(${vethPort}, '${host}', () => console.log('up'))`;
  const dial = `require('node:net').connect(${vethPort}, '${host}', () => console.log('up'))`;
  for (const [name, script] of [
    ['ns-two', serve],
    ['ns-one', dial],
  ] as const) {
    const child = stack.use(new Child(`veth ${name}`, ['-e', script], { networkNamespace: netns(name) }));
    await child.waitFor(/^up$/m);
  }
}

const enter = (pid: number) => ['nsenter', '--target', `${pid}`, '--pid', '--net', '--mount'];

/** The only child of a process, once it has one. */
function childOf(pid: number): Promise<number> {
  return eventually('unshare to start the agent', async () => {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
    return child > 0 ? child : undefined;
  });
}

/** What the host calls a process that is called `inner` in the PID namespace of this test. */
function hostPid(inner: number): number {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = numbers.filter((pid) => {
    try {
      const [, outer, last] = /^NSpid:\s+(\d+)\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return (
        outer === pid &&
        Number(last) === inner &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${loadPort}\0`)
      );
    } catch {
      return false; // It has exited.
    }
  });
  return Number(found[0]);
}

/** How many sockets each process has: a client its connections, a server as many and the listener. */
function owners(found: Connection[]): Map<number | null, number> {
  const count = new Map<number | null, number>();
  for (const { pid } of found) count.set(pid, (count.get(pid) ?? 0) + 1);
  return count;
}

function ownersOf(all: Load[]): Map<number | null, number> {
  return new Map(all.flatMap(({ client, server }) => [[client, idle] as const, [server, idle + 1] as const]));
}

/** Waits until as many as expected have an owner, and fails on more. */
async function connectionsOf(host: Host, port: number, count: number): Promise<Connection[]> {
  const read = async () =>
    (await lab.get<List<Connection>>(`/api/v1/hosts/${host.id}/connections?port=${port}&limit=1000`)).items;
  await eventually(`${count} connections of ${host.name}`, async () => {
    const items = await read();
    return items.length === count && items.every((item) => item.pid !== null) ? items : undefined;
  }).catch(() => undefined);
  return read();
}
