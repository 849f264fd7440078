// A list too large for memory as a file: at its reader's pace, in bounded memory, and no longer than somebody reads.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';

const rows = 1_000_000;
const past = Math.floor(Date.now() / 1000) * 1000 - 7_200_000;
/** What Node, the kernel and one portion of rows may hold of a file that is not read. */
const heldBytes = 24 * 2 ** 20;
/** Besides garbage; a million rows need many times as much. */
const mostMemoryBytes = 48 * 2 ** 20;
const lookEveryBytes = 25_000_000;

let server: TestServer;
let authorization: string;
let hostId: number;

beforeAll(async () => {
  server = await testServer();
  authorization = `Bearer ${await server.token()}`;
  hostId = await insertHost(server.store, { name: 'large' });
  await sql`
    insert into connection_segment
    select ${hostId}, at - interval '5 s', at + interval '5 s', n, at - interval '5 s', false, false, null, 1, 'many', 0, 6, 1, 2,
           '10.0.0.1', n % 60000, '192.0.2.9', 443, n, 1, null, null, null, 0, null, 0, null, 1
      from generate_series(1, ${rows}) n, to_timestamp(${past / 1000}::float8) at`.execute(server.store.db);
}, 180_000);
afterAll(() => server[Symbol.asyncDispose]());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are really held. */
function inUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function download(format: string): Promise<IncomingMessage> {
  const at = new Date(past).toISOString();
  const url = `${server.url}/api/v1/hosts/${hostId}/connections?at=${at}&sort=id&format=${format}`;
  const [response] = (await once(get(url, { headers: { authorization } }), 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  return response;
}

async function counter(name: string): Promise<number> {
  const { body } = await server.get<string>('/metrics');
  return Number(new RegExp(`^foretop_http_exports?_${name} (\\d+)$`, 'm').exec(body)![1]);
}

/** Statements that other clients of this database are at, or have a transaction open for; its own cleaning is none. */
async function underWay(): Promise<number> {
  const { rows: found } = await sql<{ n: number }>`
    select count(*)::int4 as n from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend' and state <> 'idle'
       and pid <> pg_backend_pid()`.execute(server.store.db);
  return found[0]!.n;
}

test('a million rows in bounded memory', { timeout: 300_000 }, async () => {
  const before = inUse();
  let peak = 0;
  let lines = 0;
  let bytes = 0;
  const response = await download('jsonl');
  for await (const chunk of response as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    const looks = Math.floor(bytes / lookEveryBytes);
    bytes += chunk.length;
    if (Math.floor(bytes / lookEveryBytes) > looks) peak = Math.max(peak, inUse() - before);
  }
  console.log(`${(bytes / 1e6).toFixed(0)} MB, at most ${(peak / 1e6).toFixed(0)} MB in memory`);
  expect(lines).toBe(rows);
  expect(bytes).toBeGreaterThan(10 * mostMemoryBytes);
  expect(peak).toBeLessThan(mostMemoryBytes);
});

test(
  'a reader that pauses holds back the database, and one that goes away ends the query',
  { timeout: 120_000 },
  async () => {
    const made = await counter('bytes_total');
    const response = await download('csv');
    using _ = { [Symbol.dispose]: () => void response.destroy() };
    await once(response, 'readable');
    const first = (response.read() as Buffer | null)?.length ?? 0;
    let stood = 0;
    let looksAlike = 0;
    const holdsStill = async () => {
      const now = await counter('bytes_total');
      looksAlike = now === stood ? looksAlike + 1 : 0;
      stood = now;
      return looksAlike;
    };
    // A busy machine may pause as well: only what stands for three seconds is held back.
    await expect.poll(holdsStill, { interval: 500, timeout: 60_000 }).toBeGreaterThanOrEqual(6);
    expect(stood - made).toBeLessThan(heldBytes);
    expect(first).toBeGreaterThan(0);
    expect(await underWay()).toBe(1);
    response.destroy();
    await expect.poll(() => counter('running')).toBe(0);
    await expect.poll(underWay).toBe(0);
  },
);

test('a reader that goes away while the rows are still being sorted ends the query too', async () => {
  const at = new Date(past).toISOString();
  const gone = new AbortController();
  const url = `${server.url}/api/v1/hosts/${hostId}/connections?at=${at}&sort=-rxRate&format=jsonl`;
  const answer = fetch(url, { headers: { authorization }, signal: gone.signal }).then(
    (response) => response.text(),
    () => undefined,
  );
  await expect.poll(underWay).toBe(1);
  gone.abort();
  await answer.catch(() => undefined);
  await expect.poll(underWay, { timeout: 5_000 }).toBe(0);
  expect(await counter('running')).toBe(0);
});
