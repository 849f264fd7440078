// A host far from the collector: an agent in a network namespace of its own, with a ceiling file that lets it act.
import { chmod, writeFile } from 'node:fs/promises';
import type { Host, List } from '@foretop/proto/api';
import type { Capability, Signer } from '@foretop/proto/trust';
import { Child, type ChildOptions } from '../harness/child.ts';
import {
  apiClient,
  createApiToken,
  createEnrolToken,
  eventually,
  type RunningCollector,
  startAgent,
  temporaryFolder,
} from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';

export interface FarHost extends AsyncDisposable {
  id: number;
  name: string;
  /** The agent's data directory. */
  dataDir: string;
  agent: Child;
  /** undefined: it shares the network of this machine. */
  networkNamespace: string | undefined;
  /** Runs a program in Node on that host. */
  start(script: string): Child;
}

export interface Ceiling {
  allow: Capability;
  signer: Signer;
  labels?: string[];
  /** CIDR in which it may look at services. */
  networks?: string[];
  privacy?: { cardNumbers: boolean };
}

/** Without root the agent shares the network of this machine, and says so. `prepare`: what is to be there before the agent starts. */
export async function startFarHost(
  collector: RunningCollector,
  name: string,
  ceiling: Ceiling,
  prepare?: (networkNamespace: string | undefined) => Promise<void>,
): Promise<FarHost> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder(name));
  const ceilingFile = `${folder.path}/ceiling.json`;
  await writeFile(ceilingFile, JSON.stringify(ceiling), { mode: 0o644 });
  await chmod(folder.path, 0o755);
  const inside = await reach(stack, collector.port, name, `${folder.path}/collector.sock`);
  await prepare?.(inside.networkNamespace);
  const token = await createEnrolToken(collector.dataDir);
  const dataDir = `${folder.path}/agent`;
  const env = { FORETOP_AGENT_CEILING_FILE: ceilingFile };
  const agent = stack.use(startAgent(`http://localhost:${collector.port}`, dataDir, name, { token, env, ...inside }));
  const get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
  const host = await eventually(`${name} to be live`, async () => {
    const { items } = await get<List<Host>>('/api/v1/hosts');
    return items.find((item) => item.name === name && item.status === 'live');
  }).catch((cause: unknown) => {
    throw new Error(`${String(cause)}\nagent: ${agent.output.slice(-3000)}`, { cause });
  });
  const owned = stack.move();
  return {
    id: host.id,
    name,
    dataDir,
    agent,
    networkNamespace: inside.networkNamespace,
    start: (script) => owned.use(new Child(`program on ${name}`, ['-e', script], inside)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A namespace whose only way out is the collector. */
async function reach(
  stack: AsyncDisposableStack,
  port: number,
  name: string,
  gate: string,
): Promise<Pick<ChildOptions, 'networkNamespace'>> {
  const missing = namespacesMissing();
  if (missing) {
    console.warn(`${name} shares the network of this machine: ${missing}.`);
    return {};
  }
  const inside = { networkNamespace: stack.use(makeNamespace(name)).name };
  for (const [from, to, where] of [
    [`unix:${gate}`, `tcp:${port}`, {}],
    [`tcp:${port}`, `unix:${gate}`, inside],
  ] as const) {
    const forwarder = stack.use(new Child('forwarder', ['lab/load/forwarder.ts', '--from', from, '--to', to], where));
    await forwarder.waitFor(/^forwarding$/m);
  }
  return inside;
}
