// A database that takes nothing for a while: hosts are not read from, nothing is lost, and in the end captures are given up.
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import { until } from '../../test/wire.ts';
import type { ControlLink } from '../command/link.ts';
import type { Store } from '../store/database.ts';
import { selectPackets } from '../store/queries/tool-packets.ts';
import { insertToolRun } from '../store/queries/tool-runs.ts';
import { Bell } from './bell.ts';
import { mostWaiting, PacketWriter } from './packet-writer.ts';

let store: Store;
beforeAll(async () => {
  store = await testStore();
  await sql`create table tool_packets_all partition of tool_packets default`.execute(store.db);
});
afterAll(() => store[Symbol.asyncDispose]());

const signedAt = new Date();

async function makePart() {
  const [runId, requestId] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const hostId = await insertHost(store);
  const parameters = { interface: '', filter: '', content: 'headers', maxBytes: 8 << 20, maxSeconds: 60 } as const;
  const run = { runId, request: { tool: 'capture', parameters } as const, target: '', operator: 'x', relayedBy: 'y' };
  await insertToolRun(store.db, { ...run, createdAt: signedAt, endedAt: null }, [
    { requestId, hostId, status: 'offered', wireId: requestId, offerHash: '', code: '', detail: '', watch: null },
  ]);
  return { runId, requestId, hostId };
}

/** A session of which it is counted how often it is not read from. */
function linkOf() {
  const state = { holds: 0, held: 0 };
  const link = {
    hold() {
      state.holds++;
      state.held++;
      return () => void state.held--;
    },
  } as unknown as ControlLink;
  return { link, state };
}

async function readBack(requestId: string): Promise<Buffer> {
  const found: Buffer[] = [];
  for (let from = 0; ;) {
    const query = { requestId, from, signedAt, endedAt: new Date(), pieces: 3 };
    const pieces = await selectPackets(store.db, query);
    if (pieces.length === 0) return Buffer.concat(found);
    found.push(...pieces);
    from = found.reduce((sum, { length }) => sum + length, 0);
  }
}

const options = () => ({ db: store.db, bell: new Bell(), log: pino({ level: 'silent' }), now: Date.now });

test('a host whose packets wait is not read from; all of them are written in their order', async () => {
  await using writer = new PacketWriter(options());
  const streams = [writer.open(await makePart()), writer.open(await makePart())];
  const { link, state } = linkOf();
  const quiet = linkOf();
  const blocking = await store.pool.connect();
  await blocking.query('begin; lock table tool_packets in access exclusive mode');
  const frame = randomBytes(100_000);
  const sent: Buffer[] = [];
  for (let bytes = 0; bytes <= mostWaiting.host + frame.length; bytes += frame.length) {
    const one = Buffer.concat([frame, Buffer.from([sent.length])]);
    sent.push(one);
    writer.add(streams[0]!, one, link);
  }
  writer.add(streams[1]!, frame, quiet.link);
  expect([state.holds, state.held, quiet.state.holds]).toEqual([1, 1, 0]);
  expect(writer.counters()).toMatchObject({ capture_hosts_held: 1, capture_bytes_lost_total: 0 });
  await blocking.query('commit');
  blocking.release();
  await Promise.all(streams.map((stream) => writer.flush(stream)));
  expect([state.holds, state.held]).toEqual([1, 0]);
  expect(await readBack(streams[0]!.owner.requestId)).toEqual(Buffer.concat(sent));
  expect(await readBack(streams[1]!.owner.requestId)).toEqual(frame);
  const row = await store.db
    .selectFrom('tool_run_host')
    .select(['packet_bytes', 'packets_sealed'])
    .where('request_id', '=', streams[0]!.owner.requestId)
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ packet_bytes: sent.length * 100_001, packets_sealed: false });
  expect(writer.counters()).toMatchObject({ capture_bytes_waiting: 0, capture_hosts_held: 0 });
});

test('the end of one capture does not wait for another that goes on', async () => {
  await using writer = new PacketWriter(options());
  const [one, other] = [writer.open(await makePart()), writer.open(await makePart())];
  const { link } = linkOf();
  const timer = setInterval(() => writer.add(other, randomBytes(50_000), link), 10);
  writer.add(one, randomBytes(1_000), link);
  await writer.flush(one);
  expect(one).toMatchObject({ stored: 1_000, waiting: 0 });
  clearInterval(timer);
});

test('a database that takes nothing for too long ends them: the fault is told, and the host is read from again', async () => {
  const broken = { ...options(), patienceMs: 0 };
  await using writer = new PacketWriter(broken);
  const stream = writer.open({ ...(await makePart()), requestId: 'not a part' });
  const { link, state } = linkOf();
  await sql`alter table tool_packets add constraint refuses check (request_id <> 'not a part')`.execute(store.db);
  writer.add(stream, randomBytes(mostWaiting.host + 1), link);
  expect(state.held).toBe(1);
  await until(() => stream.fault !== undefined, 10_000);
  expect(stream.fault).toContain('could not store');
  expect([state.held, stream.waiting]).toEqual([0, 0]);
  writer.add(stream, randomBytes(10), link);
  expect(writer.counters()).toMatchObject({
    ...{ capture_bytes_waiting: 0, capture_bytes_lost_total: mostWaiting.host + 1, capture_bytes_total: 0 },
  });
  await writer.flush(stream);
});
