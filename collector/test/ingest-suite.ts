// What the suites of ingest share: a store of their own, an ingest on it, and a look into its tables.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { createIngest, type Ingest, type IngestOptions } from '../src/ingest/ingest.ts';
import type { Store } from '../src/store/database.ts';
import { sealBatch, segmentOf, type TestHost } from './batches.ts';
import { testRetention } from './databases.ts';
import { testStore } from './postgres.ts';

type CountedTable = 'connection_segment' | 'dns_exchange' | 'scan_evidence' | 'metric_chunk' | 'process_1m' | 'gap';

/** Call at the top of a test file; the store is there once tests run. */
export function ingestSuite() {
  let store: Store;
  let quarantineDir: string;

  beforeAll(async () => {
    store = await testStore();
    quarantineDir = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await rm(quarantineDir, { recursive: true });
  });

  return {
    store: () => store,
    quarantineDir: () => quarantineDir,
    open(options: Partial<IngestOptions> = {}): Ingest {
      const { pool, hashKey } = store;
      const log = pino({ level: 'silent' });
      return createIngest({ pool, hashKey, quarantineDir, retention: testRetention, log, ...options });
    },
    async count(table: CountedTable, hostId: number): Promise<number> {
      const query = sql<{ n: number }>`select count(*)::int as n from ${sql.ref(table)} where host_id = ${hostId}`;
      return (await query.execute(store.db)).rows[0]!.n;
    },
    gaps: (hostId: number) =>
      store.db
        .selectFrom('gap')
        .select(['reason', 'lost', 'detail', 'gap_start', 'gap_end'])
        .where('host_id', '=', hostId)
        .orderBy('reason')
        .execute(),
  };
}

/** A batch of one segment, whose cookie is the batch's number. */
export const oneSegment = (host: TestHost, sequence: number) =>
  sealBatch(host, sequence, { segments: [segmentOf(host, sequence)] });
