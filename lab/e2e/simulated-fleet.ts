// A Foretop with a simulated fleet that has a past: containers, both ends of connections, more hosts than this machine.
import type { ConnectionList, Host, List } from '@foretop/proto/api';
import type { Browser } from '@playwright/test';
import { sql } from 'kysely';
import { pino } from 'pino';
import { openStore } from '../../collector/src/store/database.ts';
import { Child } from '../harness/child.ts';
import { createApiToken, eventually } from '../harness/foretop.ts';
import { startForetop, type RunningForetop } from './running-foretop.ts';

/** So much later a moment is on record. */
const recordDelayMs = 10_000;

export interface SimulatedFleet extends AsyncDisposable {
  foretop: RunningForetop;
  hosts: Host[];
  get<Body>(path: string): Promise<Body>;
}

/** `historySeconds` of the fleet's past and its present are on record when this returns, and it goes on in real time. */
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
  const reachesPresent = async ({ id }: Host) => {
    const list = (time: string) => get<ConnectionList>(`/api/v1/hosts/${id}/connections?limit=1${time}`);
    const stored = await list(`&at=${new Date(Date.now() - recordDelayMs).toISOString()}`);
    const live = await list('');
    return stored.items.length > 0 && Date.now() - Date.parse(live.asOf) < 5_000;
  };
  await eventually(
    'the present of the simulated fleet to be on record',
    async () => (await Promise.all(hosts.map(reachesPresent))).every(Boolean) || undefined,
    120_000,
  );
  await enrolledBeforePast(dataDir, hosts, historySeconds);
  const owned = stack.move();
  return { foretop, hosts, get, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A simulator enrols its hosts in the present, whatever past it then makes up for them; on record they are to have been there in it. */
async function enrolledBeforePast(dataDir: string, hosts: readonly Host[], historySeconds: number): Promise<void> {
  await using store = await openStore({ dataDir, role: 'command', log: pino({ level: 'silent' }) });
  const ids = hosts.map(({ id }) => id);
  await sql`
    update host set enrolled_at = enrolled_at - make_interval(secs => ${historySeconds})
    where host_id = any(${ids})`.execute(store.db);
}
