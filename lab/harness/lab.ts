// One collector with one enrolled agent on this machine: what most system tests start from.
import type { Host, List } from '@foretop/proto/api';
import type { Child } from './child.ts';
import {
  apiClient,
  createApiToken,
  createEnrolToken,
  eventually,
  freePort,
  type RunningCollector,
  startAgent,
  startCollector,
  temporaryFolder,
} from './foretop.ts';

export interface Lab extends AsyncDisposable {
  collector: RunningCollector;
  agent: Child;
  host: Host;
  dataDir: string;
  agentDir: string;
  get<Body>(path: string): Promise<Body>;
}

/** Starts collector and agent, and waits until the host is live. */
export async function startLab(name: string): Promise<Lab> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await temporaryFolder(name));
    const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
    const get = apiClient(collector.url, await createApiToken(collector.dataDir, 'viewer'));
    const token = await createEnrolToken(collector.dataDir);
    const agent = stack.use(startAgent(collector.url, `${folder.path}/agent`, name, { token }));
    const host = await eventually('the host to be live', async () => {
      const { items } = await get<List<Host>>('/api/v1/hosts');
      return items.find((item) => item.name === name && item.status === 'live');
    }).catch((cause: unknown) => {
      throw new Error(
        `${String(cause)}\ncollector: ${collector.child.output.slice(-3000)}\nagent: ${agent.output.slice(-3000)}`,
      );
    });
    const owned = stack.move();
    return {
      collector,
      agent,
      host,
      dataDir: `${folder.path}/data`,
      agentDir: `${folder.path}/agent`,
      get,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
