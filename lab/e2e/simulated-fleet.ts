// A Foretop with a simulated fleet that has a past: containers, both ends of connections, more hosts than this machine.
import type { Host, List } from '@foretop/proto/api';
import type { Browser } from '@playwright/test';
import { Child } from '../harness/child.ts';
import { createApiToken, eventually } from '../harness/foretop.ts';
import { startForetop, type RunningForetop } from './running-foretop.ts';

export interface SimulatedFleet extends AsyncDisposable {
  foretop: RunningForetop;
  hosts: Host[];
  get<Body>(path: string): Promise<Body>;
}

/** `historySeconds` of the fleet's past are there when this returns, and it goes on in real time. */
export async function startSimulatedFleet(
  browser: Browser,
  count: number,
  historySeconds: number,
): Promise<SimulatedFleet> {
  await using stack = new AsyncDisposableStack();
  const foretop = stack.use(await startForetop(browser, 'this-host'));
  const { url, dataDir } = foretop.collector;
  const admin = await createApiToken(dataDir, 'admin');
  const args = ['--collector', url, '--token-file', '-', '--hosts', `${count}`, '--profile', 'mix', '--skewed', '0'];
  const past = ['--history', `${historySeconds}`, '--speed', '200'];
  stack.use(new Child('simulator', ['lab/simulator/main.ts', ...args, ...past], { input: `${admin}\n` }));
  const get = async <Body>(path: string): Promise<Body> => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${admin}` } });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Body;
  };
  const hosts = await eventually(
    'the simulated fleet to be live',
    async () => {
      const { items } = await get<List<Host>>('/api/v1/hosts?status=live&limit=1000');
      return items.length > count ? items.filter(({ name }) => name !== 'this-host') : undefined;
    },
    120_000,
  );
  const owned = stack.move();
  return { foretop, hosts, get, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
