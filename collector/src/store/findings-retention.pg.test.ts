// How long findings are kept: settled ones for their retention, open ones until somebody settles them.
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../../test/postgres.ts';
import { openStore, type Store } from './database.ts';
import { maintain } from './maintenance.ts';
import { deleteOldFindings } from './queries/findings.ts';
import { defaultRetention } from './retention.ts';

const log = pino({ level: 'silent' });
const dayMs = 86_400_000;
const today = Date.UTC(2031, 2, 15, 12);

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Store;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ dataDir: '/nonexistent', databaseUrl: database.url, log });
  await sql`insert into host (name) values ('one'), ('two')`.execute(store.db);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await sql`truncate finding, finding_event`.execute(store.db);
});

const at = (daysAgo: number) => new Date(today - daysAgo * dayMs);

async function add(name: string, state: string, seenDaysAgo: number, stateDaysAgo = seenDaysAgo, host = 1) {
  const seen = at(seenDaysAgo);
  await sql`insert into finding (host_id, group_key, detector, key, severity, state, score, summary, peer, process, executable,
      first_seen_at, last_seen_at, episode_start, episode_count, earlier_count, told_count, evidence, links, state_at)
    values (${host}, ${name}, 'port-scan', '{}', 1, ${state}, 1, 's', '', '', '', ${seen}, ${seen}, ${seen}, 1, 0, 1, '[]', '{}',
      ${at(stateDaysAgo)})`.execute(store.db);
  await sql`insert into finding_event (host_id, group_key, at, kind, by_whom, severity, count, text, evidence)
    values (${host}, ${name}, ${seen}, 'opened', '', 1, 1, '', '[]')`.execute(store.db);
}

async function left(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select group_key as name from finding order by 1`.execute(store.db);
  const events = await sql<{ name: string }>`select group_key as name from finding_event order by 1`.execute(store.db);
  expect(events.rows).toEqual(rows);
  return rows.map(({ name }) => name);
}

test('open findings outlive their retention, settled ones do not', async () => {
  await add('new', 'new', 400);
  await add('acknowledged', 'acknowledged', 400, 300);
  await add('resolved', 'resolved', 400, 91);
  await add('muted', 'muted', 91);
  await add('resolved of late', 'resolved', 400, 89);
  await add('seen of late', 'resolved', 89, 400);
  await maintain(store.db, defaultRetention, log, today);
  expect(await left()).toEqual(['acknowledged', 'new', 'resolved of late', 'seen of late']);
});

test("of a host with more than its share the old open ones go, and no other host's", async () => {
  for (const daysAgo of [1, 100, 200, 300]) await add(`one ${daysAgo}`, 'new', daysAgo);
  await add('two 300', 'new', 300, 300, 2);
  expect(await deleteOldFindings(store.db, at(90), 2)).toBe(2);
  expect(await left()).toEqual(['one 1', 'one 100', 'two 300']);
  expect(await deleteOldFindings(store.db, at(90), 0)).toBe(2);
  expect(await left()).toEqual(['one 1']);
});
