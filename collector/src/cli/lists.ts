// `foretop hosts`, `foretop connections` and `foretop audit`: what the dashboard lists, as tables for people and as JSON for programs.
import type { AuditEntry, Connection, ConnectionList, Host, List } from '@foretop/proto/api';
import { table } from '../serve/operate.ts';
import type { Client } from './client.ts';
import type { Terminal } from './terminal.ts';

/** Filters under the names that the API gives them. */
export type Filters = Record<string, string | undefined>;

export interface ListOptions {
  limit: number;
  json: boolean;
}

export async function listHosts(
  client: Client,
  filters: Filters,
  { limit, json }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const hosts = await everyItem<Host>(client, '/hosts', filters, limit);
  if (json) return terminal.print(JSON.stringify(hosts));
  const rows = hosts.map((host) => [
    host.id,
    host.name,
    host.status,
    host.addresses.slice(0, 2).join(' '),
    host.platform || host.os,
    host.connections,
    rate(host.rxRate),
    rate(host.txRate),
    dateOf(host.lastSeenAt),
  ]);
  terminal.print(table(['ID', 'NAME', 'STATUS', 'ADDRESSES', 'SYSTEM', 'CONNECTIONS', 'RX', 'TX', 'LAST SEEN'], rows));
}

export async function listConnections(
  client: Client,
  filters: Filters,
  { limit, json }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const items = await everyItem<Connection>(client, '/connections', filters, limit);
  if (json) return terminal.print(JSON.stringify(items));
  const hosts = await everyItem<Host>(client, '/hosts', {}, Number.POSITIVE_INFINITY);
  const names = new Map(hosts.map(({ id, name }) => [id, name]));
  const rows = items.map((row) => [
    names.get(row.hostId) ?? row.hostId,
    row.process,
    row.pid,
    row.protocol,
    row.state,
    row.direction,
    endpoint(row.localAddress, row.localPort),
    row.remoteAddress === null ? null : endpoint(row.remoteAddress, row.remotePort),
    row.name,
    rate(row.rxRate),
    rate(row.txRate),
  ]);
  const head = ['HOST', 'PROCESS', 'PID', 'PROTOCOL', 'STATE', 'DIRECTION', 'LOCAL', 'REMOTE', 'NAME', 'RX', 'TX'];
  terminal.print(table(head, rows));
  if (items.length === limit) terminal.note(`The first ${limit}; more with --limit.`);
}

/** Newest first. */
export async function listAudit(
  client: Client,
  filters: Filters,
  { limit, json }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const items = await everyItem<AuditEntry>(client, '/audit', filters, limit);
  if (json) return terminal.print(JSON.stringify(items));
  const rows = items.map(({ sequence, at, actor, action, hostId, outcome, detail }) => [
    ...[sequence, new Date(at), actor, action, hostId, outcome],
    Object.entries(detail)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' '),
  ]);
  terminal.print(table(['ENTRY', 'AT', 'WHO', 'WHAT', 'HOST', 'OUTCOME', 'DETAIL'], rows));
  if (items.length === limit) terminal.note(`The newest ${limit}; more with --limit.`);
}

const mostOfPage = 1_000;

/** Follows the pages until `limit` or the end. */
async function everyItem<Item>(client: Client, path: string, filters: Filters, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null | undefined; cursor !== null && items.length < limit;) {
    const query = new URLSearchParams({ limit: String(Math.min(limit - items.length, mostOfPage)) });
    for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
    if (cursor !== undefined) query.set('cursor', cursor);
    const page = await client.request<List<Item> | ConnectionList>('GET', `${path}?${query}`);
    items.push(...(page.items as Item[]));
    cursor = page.nextCursor;
  }
  return items;
}

const endpoint = (address: string, port: number | null) =>
  `${address.includes(':') ? `[${address}]` : address}:${port ?? '*'}`;

const dateOf = (time: string | null) => (time === null ? null : new Date(time));

/** Bytes a second in three digits. */
function rate(bytes: number | null): string | null {
  if (bytes === null) return null;
  const step = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return `${(bytes / 1_000 ** step).toPrecision(3).replace(/\.0*$/, '')} ${['B', 'kB', 'MB', 'GB'][step]}/s`;
}
