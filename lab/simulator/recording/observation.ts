// What a running collector tells of one host over a span: looks at the present every few seconds, then what was recorded of the span.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, DnsExchange, Host, Interface, List, Process } from '@foretop/proto/api';

export interface Observation {
  host: Host;
  interfaces: Interface[];
  /** Unix time, ms. */
  fromMs: number;
  toMs: number;
  looks: { connections: Connection[]; processes: Process[] }[];
  /** Connections and processes that were there at any time within the span, with what they did in it. */
  connections: Connection[];
  processes: Process[];
  questions: DnsExchange[];
}

/** Answers to a GET of that path below /api/v1. */
export type Get = <Body>(path: string) => Promise<Body>;

const lookEveryMs = 5_000;
/** Until what ended at the end of the span is sealed, sent and stored. */
const settleMs = 15_000;
const pageRows = 1_000;
const mostPages = 50;

export interface ObserveOptions {
  get: Get;
  host: string;
  seconds: number;
  signal?: AbortSignal;
}

/** Takes `seconds` and a quarter of a minute. */
export async function observe({ get, host: id, seconds, signal }: ObserveOptions): Promise<Observation> {
  const base = `/hosts/${encodeURIComponent(id)}`;
  const all = <Item>(path: string) => pages<Item>(get, `${base}/${path}`);
  const host = await get<Host>(base);
  const fromMs = Date.now();
  const looks: Observation['looks'] = [];
  for (let at = fromMs; at < fromMs + seconds * 1_000; at += lookEveryMs) {
    await sleep(Math.max(0, at - Date.now()), undefined, { signal });
    looks.push({ connections: await all<Connection>('connections?'), processes: await all<Process>('processes?') });
  }
  await sleep(Math.max(0, fromMs + seconds * 1_000 - Date.now()), undefined, { signal });
  const toMs = Date.now();
  const interfaces = await all<Interface>('interfaces?');
  await sleep(settleMs, undefined, { signal });
  const span = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
  return {
    ...{ host, interfaces, fromMs, toMs, looks },
    connections: await all<Connection>(`connections?${span}&sort=startedAt&`),
    processes: await all<Process>(`processes?${span}&`),
    questions: await all<DnsExchange>(`dns?${span}&role=client&kind=dns&`),
  };
}

/** Throws when there are more than can be shaped; a host of that size is recorded over a shorter span. */
async function pages<Item>(get: Get, path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < mostPages; page++) {
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer: List<Item> = await get(
      path.endsWith('interfaces?') ? path.slice(0, -1) : `${path}limit=${pageRows}${next}`,
    );
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (cursor === null) return items;
  }
  throw new Error(`GET ${path} has more than ${pageRows * mostPages} rows. Record fewer --seconds.`);
}
