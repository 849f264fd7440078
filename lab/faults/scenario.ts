// Kills collector, Postgres and agent at random moments while records flow, and then looks for every record in the database.
import { mkdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { pino } from 'pino';
import { openStore } from '../../collector/src/store/database.ts';
import { openHostCollector } from '../../agent/src/collect/collector.ts';
import { Child } from '../harness/child.ts';
import { createEnrolToken, eventually, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { postmasterPid } from '../harness/postgres.ts';
import {
  bytesPerMicrosecond,
  floodBytes,
  floodPerTick,
  floodPort,
  longConnections,
  longPort,
  markerPort,
} from './marker-host.ts';

export type Victim = 'collector' | 'postgres' | 'agent';

export interface FaultReport {
  kills: Record<Victim, number>;
  /** Looks that the agent took; each left one marker. */
  looks: number;
  /** Markers that stand in the database more than once. Must be 0. */
  duplicates: number;
  /** Markers that are in no batch because the agent was killed before it sealed one; each within `unsealedUs` before a kill. */
  unsealed: number;
  /** Markers that are missing without such a reason. Must be 0. */
  missing: number;
  /** Bytes of the long connections in the database less the bytes that they moved. Must be 0. */
  longBytesError: number;
  /** Flood connections and bytes in the database less those of the looks that are there. Must be 0. */
  floodError: number;
  floodBytesError: number;
  /** Batches still in the agent's spool at the end. Must be 0. */
  spooled: number;
}

/** What an agent may not have sealed yet: a flush every 5 s, and the look before it. */
const unsealedUs = 6_500_000;

export async function runFaults(options: {
  rounds: number;
  random: () => number;
  say?: (line: string) => void;
}): Promise<FaultReport> {
  const { rounds, random, say = () => {} } = options;
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('faults'));
  const dataDir = `${folder.path}/data`;
  const truthFile = `${folder.path}/truth`;
  const port = await freePort();
  using clockSource = openHostCollector({ log: pino({ level: 'silent' }) });
  const { clock } = clockSource;
  const sinceUs = clock.boottimeUs();
  await mkdir(`${folder.path}/agent`, { mode: 0o700 });

  let collector = await startCollector(dataDir, port);
  stack.defer(() => collector.child.stop().then(() => undefined));
  const startAgent = (input = '') =>
    new Child('agent', ['lab/faults/agent.ts', collector.url, `${folder.path}/agent`, `${sinceUs}`, truthFile], {
      input,
    });
  let agent = startAgent(await createEnrolToken(dataDir));
  stack.defer(() => agent.stop().then(() => undefined));
  await agent.waitFor(/"event":"connected"/);

  const agentKillsUs: number[] = [];
  const kill: Record<Victim, () => Promise<void>> = {
    async collector() {
      await collector.child.kill();
      await sleep(random() * 1_000);
      collector = await startCollector(dataDir, port);
    },
    async postgres() {
      process.kill(await postmasterPid(collector), 'SIGKILL');
    },
    async agent() {
      await agent.kill();
      agentKillsUs.push(clock.boottimeUs());
      await sleep(random() * 1_000);
      agent = startAgent();
    },
  };
  for (const victim of shuffled(rounds, random)) {
    await sleep(1_000 + random() * 4_000);
    say(`SIGKILL ${victim}`);
    await kill[victim]();
  }

  await sleep(6_000); // one more flush with everything up
  // The status is written at a flush, so the batch that was just sealed stands in it.
  await eventually(
    'the spool to drain',
    () => spooledBatches(folder.path).then((left) => (left <= 1 ? true : undefined)),
    120_000,
  );
  await agent.stop();
  const looks = (await readFile(truthFile, 'utf8')).trim().split('\n').map(Number);
  const spooled = await spooledBatches(folder.path);
  return {
    kills: { collector: rounds, postgres: rounds, agent: rounds },
    ...(await examine(dataDir, looks, agentKillsUs, sinceUs)),
    spooled,
  };
}

async function examine(dataDir: string, looks: number[], agentKillsUs: number[], sinceUs: number) {
  await using store = await openStore({ dataDir, log: pino({ level: 'silent' }) });
  const rows = <Row>(text: string) =>
    sql
      .raw<Row>(text)
      .execute(store.db)
      .then((result) => result.rows);
  const markers = await rows<{ at: number; copies: number }>(
    `select tx_bytes as at, count(*)::int as copies from connection_segment where remote_port = ${markerPort} group by tx_bytes`,
  );
  const [flood] = await rows<{ connections: number; bytes: number }>(
    `select coalesce(sum(connection_count), 0)::int8 as connections, coalesce(sum(tx_bytes), 0)::int8 as bytes
     from connection_segment where remote_port = ${floodPort}`,
  );
  const longs = await rows<{ bytes: number }>(
    `select sum(tx_bytes)::int8 as bytes from connection_segment where remote_port = ${longPort} group by connection_id`,
  );
  const found = new Set(markers.map((marker) => Number(marker.at)));
  const absent = looks.filter((lookUs) => !found.has(lookUs));
  const unsealed = absent.filter((lookUs) =>
    agentKillsUs.some((killUs) => lookUs <= killUs && killUs - lookUs < unsealedUs),
  );
  const movedBytes = longConnections * (looks.at(-1)! - sinceUs) * bytesPerMicrosecond;
  return {
    looks: looks.length,
    duplicates: markers.filter((marker) => marker.copies > 1).length,
    unsealed: unsealed.length,
    missing: absent.length - unsealed.length,
    longBytesError: longs.reduce((sum, long) => sum + Number(long.bytes), 0) - movedBytes,
    floodError: Number(flood!.connections) - found.size * floodPerTick,
    floodBytesError: Number(flood!.bytes) - found.size * floodPerTick * floodBytes,
  };
}

async function spooledBatches(folder: string): Promise<number> {
  const status = JSON.parse(await readFile(`${folder}/agent/status.json`, 'utf8')) as { spool: { batches: number } };
  return status.spool.batches;
}

function shuffled(rounds: number, random: () => number): Victim[] {
  const victims = Array.from({ length: rounds }, () => ['collector', 'postgres', 'agent'] as const).flat();
  return victims
    .map((victim) => ({ victim, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ victim }) => victim);
}
