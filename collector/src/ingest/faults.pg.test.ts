import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sealBatch, segmentOf, type TestHost, testHost } from '../../test/batches.ts';
import { testRetention } from '../../test/databases.ts';
import { openStore, type Store } from '../store/database.ts';
import { makePartitions } from '../store/partitions.ts';
import { createIngest, type Ingest } from './ingest.ts';

let dataDir: string;
let events: string[];
let log: Logger;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'foretop-faults-'));
  await chmod(dataDir, 0o711);
  events = [];
  log = pino({ level: 'debug' }, { write: (line) => void events.push((JSON.parse(line) as { event: string }).event) });
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function open(dir = dataDir): Promise<{ store: Store; ingest: Ingest } & AsyncDisposable> {
  const store = await openStore({ dataDir: dir, role: 'collector', log });
  const retention = { ...testRetention, connection_segment: 0, metric_chunk: 0, metric_1m: 0, process_1m: 0 };
  await makePartitions(store.db, retention, Date.now());
  const { pool, hashKey } = store;
  const ingest = createIngest({ pool, hashKey, quarantineDir: join(dir, 'quarantine'), retention: testRetention, log });
  return {
    store,
    ingest,
    [Symbol.asyncDispose]: async () => {
      await ingest[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const batchOf = (host: TestHost, sequence: number) =>
  sealBatch(host, sequence, { segments: [segmentOf(host, sequence * 2), segmentOf(host, sequence * 2 + 1)] });

async function countSegments(store: Store) {
  const { rows } = await sql<{ rows: number; connections: number }>`
    select count(*)::int as rows, count(distinct (host_id, connection_id))::int as connections from connection_segment`.execute(
    store.db,
  );
  return rows[0]!;
}

const postmasterPid = async () =>
  Number((await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);

test('Postgres killed again and again: every batch is committed exactly once', async () => {
  await using opened = await open();
  const { store, ingest } = opened;
  const hosts = Array.from({ length: 5 }, (_, index) => testHost(index + 1));
  const sequences = 40;
  const agent = async (host: TestHost): Promise<string[]> => {
    const results: string[] = [];
    for (let sequence = 1; sequence <= sequences; sequence++)
      results.push(await ingest.submit(batchOf(host, sequence)));
    return results;
  };
  const agents = hosts.map(agent);
  for (let kill = 0; kill < 3; kill++) {
    await sleep(500 + kill * 333);
    process.kill(await postmasterPid(), 'SIGKILL');
    while (!(await store.healthy())) await sleep(50);
  }
  const results = (await Promise.all(agents)).flat();
  // After a connection that broke during its commit, the second try finds the batch there already.
  expect(results.filter((result) => result !== 'committed' && result !== 'duplicate')).toEqual([]);
  const expected = hosts.length * sequences * 2;
  expect(await countSegments(store)).toEqual({ rows: expected, connections: expected });
  expect(ingest.counters()['commitFailures']).toBeGreaterThan(0);
  expect(events).toContain('database-died');
}, 60_000);

test('batches that wait for Postgres when the collector stops are given back', async () => {
  await using opened = await open();
  const { store, ingest } = opened;
  const host = testHost(1);
  const lock = await store.pool.connect();
  lock.on('error', () => undefined);
  await lock.query('begin; lock table connection_segment in access exclusive mode');
  const submitted = ingest.submit(batchOf(host, 1));
  await sleep(400);
  const outcome = submitted.catch((error: unknown) => error);
  const stopped = ingest[Symbol.asyncDispose]();
  process.kill(await postmasterPid(), 'SIGKILL');
  await stopped;
  expect(await outcome).toMatchObject({ code: 'stopping', retryable: true });
  lock.release(true);
}, 30_000);

const mountsTmpfs = process.getuid!() === 0;

test.runIf(mountsTmpfs)(
  'a full disk: said in words, nothing acknowledged is lost, and ingest goes on when there is space',
  async () => {
    const small = join(dataDir, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0711', 'foretop-test', small]);
    try {
      await using opened = await open(small);
      const { store, ingest } = opened;
      const host = testHost(1);
      expect(await ingest.submit(batchOf(host, 1))).toBe('committed');
      const ballast = join(small, 'ballast');
      const { bavail, bsize } = await statfs(small);
      await writeFile(ballast, Buffer.alloc(bavail * bsize));
      let stored = false;
      const large = sealBatch(host, 2, {
        segments: Array.from({ length: 20_000 }, (_, index) => segmentOf(host, index + 4)),
      });
      const waiting = ingest.submit(large).then((result) => {
        stored = true;
        return result;
      });
      await sleep(2_000);
      expect(stored).toBe(false);
      expect(events).toContain('database-disk-full');
      await truncate(ballast, 0);
      expect(['committed', 'duplicate']).toContain(await waiting);
      expect(await countSegments(store)).toEqual({ rows: 20_002, connections: 20_002 });
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  },
  60_000,
);

test.runIf(mountsTmpfs)(
  'a disk that is full at the start is named',
  async () => {
    const small = join(dataDir, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0711', 'foretop-test', small]);
    try {
      await expect(openStore({ dataDir: small, role: 'collector', log })).rejects.toMatchObject({ code: 'disk-full' });
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  },
  60_000,
);
