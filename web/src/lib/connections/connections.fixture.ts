// Connections for tests: one as the REST API gives it, and a store filled with some.
import type { Connection } from '@foretop/proto/api';
import { encodeBatch } from './connection-batch.ts';
import { ConnectionEntry } from './connection-entry.ts';
import { ConnectionStore } from './connection-store.ts';

export const idOf = (hostId: number, number: number) => `${hostId}-${number.toString(16).padStart(16, '0')}`;

export const connection = (more: Partial<Connection>): Connection => ({
  id: idOf(1, 0xaa),
  communityId: null,
  hostId: 1,
  protocol: 'tcp',
  state: 'established',
  direction: 'outbound',
  localAddress: '10.4.2.17',
  localPort: 44_321,
  remoteAddress: '192.0.2.7',
  remotePort: 443,
  pid: 1123,
  process: 'nginx',
  processId: null,
  ownerRule: 'connect',
  unit: 'nginx.service',
  container: { runtime: 'docker', id: '3f2a9c1b7e4d55aa' },
  uid: 33,
  startedAt: '2026-11-20T03:00:00Z',
  startedBefore: false,
  endedAt: null,
  rxBytes: 1,
  txBytes: 2,
  rxRate: 3,
  txRate: null,
  rttUs: 400,
  retransmissions: 0,
  name: null,
  nameSource: 'none',
  alpn: null,
  connectionCount: 1,
  place: null,
  ...more,
});

export const batchOf = (items: Connection[], nextCursor: string | null = null) =>
  encodeBatch({ items, nextCursor, asOf: '2026-11-20T03:00:10Z', unknown: [] });

export const hostNames: Readonly<Record<number, string>> = { 1: 'web-01', 2: 'db-01' };

export function storeOf(items: Connection[]): ConnectionStore {
  const store = new ConnectionStore();
  new ConnectionEntry(store).enter(batchOf(items), (id) => hostNames[id] ?? `host ${id}`);
  return store;
}
