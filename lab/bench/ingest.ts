// Rows a CPU second from sealed batches to committed rows, beside Postgres' own COPY of the same rows from a file on the server.
//
//   npm run bench:ingest -w lab        (about 1 minute)
//
// The first figure counts the CPU of this process (decompress, decode, validate, encode, send) and of Postgres; the second
// that of Postgres alone, which reads a finished binary file into a table with the same partition and indexes.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { compressBatch, type ConnectionSegment, Direction, encodeBatchBody } from '@foretop/proto';
import pg from 'pg';
import { pino } from 'pino';
import { createIngest } from '../../collector/src/ingest/ingest.ts';
import { openStore } from '../../collector/src/store/database.ts';
import { startEmbedded } from '../../collector/src/store/embedded/server.ts';
import { maintain } from '../../collector/src/store/maintenance.ts';
import { defaultRetention } from '../../collector/src/store/retention.ts';
import { temporaryFolder } from '../harness/foretop.ts';
import { createRandom } from '../simulator/random.ts';
import { childrenByParent, treeCpuSeconds } from './cost.ts';

const hosts = 100;
const batchesPerHost = 10;
const rowsPerBatch = 500;
const rows = hosts * batchesPerHost * rowsPerBatch;
const log = pino({ level: 'silent' });

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('ingest'));
const dataDir = `${folder.path}/data`;
const store = stack.use(await openStore({ dataDir, role: 'collector', log }));
await maintain(store.db, defaultRetention, log, Date.now());
const { superuser } = stack.use(await startEmbedded({ dataDir, role: 'command', log }));
const server = new pg.Client({ ...superuser, database: 'foretop' });
await server.connect();
stack.defer(() => server.end());
const { rows: pids } = await server.query<{ pid: number }>(
  `select (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1]::int as pid`,
);
const postmaster = pids[0]!.pid;

const nowUs = Date.now() * 1000;
const bootId = randomBytes(16);
const batches = makeBatches();
const payloadBytes = batches.reduce((sum, batch) => sum + batch.payload.length, 0);
const ingest = stack.use(
  createIngest({
    ...store,
    quarantineDir: `${folder.path}/quarantine`,
    retention: defaultRetention,
    log,
    onCommitted: (prepared) => store.recent?.add(prepared.batch, prepared.accepted),
  }),
);
const ours = await measure(async () => {
  const results = await Promise.all(batches.map((batch) => ingest.submit(batch)));
  if (results.some((result) => result !== 'committed')) throw new Error(`results: ${[...new Set(results)].join()}`);
});
const stored = await server.query<{ count: string }>('select count(*) from connection_segment');
if (Number(stored.rows[0]!.count) !== rows) throw new Error(`${stored.rows[0]!.count} of ${rows} rows are stored`);

const file = `${folder.path}/exchange/rows.bin`;
await chmod(folder.path, 0o755);
await mkdir(`${folder.path}/exchange`);
await chmod(`${folder.path}/exchange`, 0o777);
await server.query(`copy (select * from connection_segment) to '${file}' (format binary)`);
await server.query('create table reference (like connection_segment including all) partition by range (seg_end)');
await server.query(`create table reference_all partition of reference default`);
await server.query('checkpoint');
const reference = await measure(() => server.query(`copy reference from '${file}' (format binary)`));

const perSecond = (count: number, seconds: number) => Math.round(count / seconds / 1000);
const oursCpu = ours.node + ours.postgres;
console.log(`${rows.toLocaleString('en')} rows, ${(payloadBytes / rows).toFixed(1)} B a row on the wire`);
console.log('| Way in | CPU s (Node + Postgres) | thousand rows a CPU second | share of the reference |');
console.log('|---|---|---|---|');
console.log(
  `| sealed batches through ingest | ${oursCpu.toFixed(2)} (${ours.node.toFixed(2)} + ${ours.postgres.toFixed(2)}) | ${perSecond(rows, oursCpu)} | ${((reference.postgres / oursCpu) * 100).toFixed(0)} % |`,
);
console.log(
  `| COPY from a file on the server | ${reference.postgres.toFixed(2)} | ${perSecond(rows, reference.postgres)} | 100 % |`,
);

function makeBatches() {
  const random = createRandom('ingest');
  return Array.from({ length: batchesPerHost }, (_, index) =>
    Array.from({ length: hosts }, (__, host) => {
      const body = encodeBatchBody({
        bootId,
        strings: ['', 'nginx', 'postgres', 'node', 'python3', 'sshd', 'api.internal'],
        segments: Array.from({ length: rowsPerBatch }, (___, row) => segment(random, index * rowsPerBatch + row)),
      });
      return {
        hostId: host + 1,
        epoch: Buffer.from([0, 0, 0, 0, 0, 0, host >> 8, host & 255]),
        sequence: index + 1,
        previousSequence: index,
        payload: compressBatch(body),
        payloadBytes: body.length,
        bootId,
        offsetUs: nowUs - 7_200_000_000,
        receivedUs: nowUs,
      };
    }),
  ).flat();
}

function segment(random: ReturnType<typeof createRandom>, cookie: number): ConnectionSegment {
  const endUs = 7_200_000_000 - random.below(60_000_000);
  const startUs = endUs - random.below(30_000_000);
  return {
    cookie: 1 + cookie,
    startedUs: startUs,
    startUs,
    endUs,
    closed: random.chance(0.7),
    pid: 1 + random.below(30_000),
    pidStartTicks: 1 + random.below(1_000_000),
    comm: 1 + random.below(5),
    protocol: 6,
    state: 1,
    direction: Direction.DIRECTION_OUTBOUND,
    localAddress: Uint8Array.of(10, 0, random.below(4), random.below(256)),
    localPort: 32_768 + random.below(28_000),
    remoteAddress: Uint8Array.of(10, 1, random.below(256), random.below(256)),
    remotePort: random.pick([443, 5432, 6379, 8080]),
    rxBytes: Math.round(random.heavy(2) * 20_000),
    txBytes: Math.round(random.heavy(2) * 4_000),
    rxPackets: random.below(500),
    txPackets: random.below(500),
    rttUs: 100 + random.below(50_000),
    retransmissions: random.below(3),
    uid: 33,
    name: random.chance(0.5) ? 6 : 0,
    connectionCount: 1,
  };
}

async function measure(work: () => Promise<unknown>): Promise<{ node: number; postgres: number }> {
  const before = { node: process.cpuUsage(), postgres: treeCpuSeconds(postmaster, childrenByParent()) };
  await work();
  const { user, system } = process.cpuUsage(before.node);
  return { node: (user + system) / 1e6, postgres: treeCpuSeconds(postmaster, childrenByParent()) - before.postgres };
}
