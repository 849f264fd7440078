// An agent of protocol version 1, as it was recorded, against this collector: it enrols, is watched, and its records are kept.
import { type AgentFrame, decodeAgentFrame, LiveSection, protocolVersion, type Watch } from '@foretop/proto';
import { conversation } from '@foretop/proto/vectors';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestAgent, signJwt } from '../../test/test-agent.ts';
import { openTestWire, type TestWire, until } from '../../test/wire.ts';

const recorded = conversation('protocol-1').frames.filter(({ by }) => by === 'agent');
let wire: TestWire;

beforeAll(async () => {
  wire = await openTestWire();
});
afterAll(() => wire[Symbol.asyncDispose]());

/** The recorded Hello with the proof of identity that this connection asks for. */
async function enrol(agent: TestAgent): Promise<{ hostId: number; version: number }> {
  const { identity } = agent;
  const { hello } = decodeAgentFrame(recorded.find(({ kind }) => kind === 'hello')!.bytes);
  const { nonce, collectorId } = await agent.next('challenge');
  const proof = {
    jwt: await signJwt(identity, { collectorId: collectorId!, nonce: nonce! }),
    machineId: identity.machineId,
    enrolment: { token: await wire.newToken(), publicKey: identity.publicKey },
  };
  agent.send({ hello: { ...hello, ...proof } });
  const welcome = await agent.next('welcome');
  return { hostId: welcome.hostId!, version: welcome.protocolVersion! };
}

const framesOf = (kind: NonNullable<AgentFrame['body']>) => recorded.filter((frame) => frame.kind === kind);

test('it is spoken to in version 1, its pulses count, and its records are kept and acknowledged', async () => {
  const agent = wire.connect();
  const { hostId, version } = await enrol(agent);
  expect([version, protocolVersion]).toEqual([1, 4]);
  const pulses = framesOf('pulse');
  for (const { bytes } of pulses) agent.sendRaw(bytes);
  await until(() => wire.live.lastPulse(hostId) !== undefined);
  expect(wire.live.status(hostId)).toBe('live');
  const batches = framesOf('batch');
  for (const { bytes } of batches) agent.sendRaw(bytes);
  let acknowledged = 0;
  while (acknowledged < batches.length) acknowledged = (await agent.next('ack')).sequence!;
  const { rows } = await sql<{ segments: number; owners: number; processes: number }>`
    select (select count(*)::int4 from connection_segment where host_id = ${hostId}) as segments,
           (select count(*)::int4 from connection_segment where host_id = ${hostId} and owner_rule = 0 and alpn is null) as owners,
           (select count(*)::int4 from process where host_id = ${hostId}) as processes`.execute(wire.store.db);
  expect(rows[0]!.segments).toBeGreaterThan(10);
  expect(rows[0]!.owners).toBe(rows[0]!.segments);
  expect(rows[0]!.processes).toBeGreaterThan(3);
  const lost = await wire.store.db.selectFrom('gap').select('reason').where('host_id', '=', hostId).execute();
  expect(lost).toEqual([]);
});

test('it is never asked for DNS, and what it shows of itself live is relayed', async () => {
  const agent = wire.connect();
  const { hostId } = await enrol(agent);
  agent.sendRaw(framesOf('pulse')[0]!.bytes);
  await until(() => wire.live.status(hostId) === 'live');
  const tables = wire.live.tables(hostId, [LiveSection.LIVE_SECTION_CONNECTIONS], 5_000);
  const watches: Watch[] = [await agent.next('watch')];
  using watching = wire.live.watchHost(
    hostId,
    { sections: [LiveSection.LIVE_SECTION_PROCESSES, LiveSection.LIVE_SECTION_DNS], rateHz: 1 },
    () => undefined,
  );
  expect(watching).toBeDefined();
  watches.push(await agent.next('watch'));
  expect(watches.flatMap(({ sections }) => sections)).not.toContain(LiveSection.LIVE_SECTION_DNS);
  expect(watches[1]!.sections).toContain(LiveSection.LIVE_SECTION_PROCESSES);
  for (const { bytes } of framesOf('live')) agent.sendRaw(bytes);
  expect((await tables)?.connections.size).toBeGreaterThan(0);
  agent.sendRaw(framesOf('goodbye')[0]!.bytes);
});
