// `foretop terminate`: asks for a process on a host to be ended, for somebody to sign.
import type { Command, Host, List, Process } from '@foretop/proto/api';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';

/** Asks for a host's process to be ended; somebody signs it within 15 minutes. @returns the request. */
export async function queueTermination(
  client: Client,
  wanted: { host: string; pid: number; tree: boolean },
): Promise<Command> {
  const { hostId, processId } = await findProcess(client, wanted);
  const action = { kind: 'terminate', processId, tree: wanted.tree };
  return client.request<Command>('POST', '/commands', { hostId, action });
}

async function findProcess(client: Client, { host, pid }: { host: string; pid: number }) {
  const { items: hosts } = await client.request<List<Host>>('GET', '/hosts?limit=1000');
  const named = hosts.filter(({ id, name, status }) => status !== 'revoked' && (name === host || String(id) === host));
  if (named.length !== 1)
    throw new CliError(
      'usage',
      named.length === 0
        ? `There is no host ${JSON.stringify(host)}.`
        : `Several hosts are called ${JSON.stringify(host)}. Take one by number: ${named.map(({ id }) => id).join(', ')}.`,
    );
  const hostId = named[0]!.id;
  const query = new URLSearchParams({ process: String(pid), limit: '1000' });
  const { items } = await client.request<List<Process>>('GET', `/hosts/${hostId}/processes?${query}`);
  const process = items.find((row) => row.pid === pid && row.exitedAt === null);
  if (process === undefined) throw new CliError('usage', `There is no process ${pid} on ${JSON.stringify(host)}.`);
  return { hostId, processId: process.id };
}
