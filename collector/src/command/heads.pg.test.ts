// Heads of audit chains over real sessions: the collector's to hosts, hosts' to the collector, and who may be told what about signers.
import type { AuditEntry, AuditHeads, HostDetail, List } from '@foretop/proto/api';
import { readStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signHead } from '../../test/commandable.ts';
import { bearer, type TestFleet, testFleet } from '../../test/commanded-fleet.ts';
import { testIdentity } from '../../test/test-agent.ts';
import { until } from '../../test/wire.ts';
import { insertAudit } from '../store/queries/audit.ts';

let fleet: TestFleet;
let admin: Record<string, string>;
beforeAll(async () => {
  fleet = await testFleet();
  admin = bearer(await fleet.server.token('admin'));
});
afterAll(() => fleet[Symbol.asyncDispose]());

const heads = async (): Promise<AuditHeads> => (await fleet.ask<AuditHeads>('GET', '/audit/heads', admin)).body;

test('a host gets the roster and the head after Welcome, and each again when it changes', async () => {
  const { trust, signer } = fleet.server.control;
  trust.set({ roster: 'first', ownerChanges: ['change'] });
  await insertAudit(fleet.server.store.db, { actor: 'test', action: 'test', detail: {}, outcome: 'done' });
  const { agent } = await fleet.host();
  const own = await fleet.server.store.db
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .executeTakeFirstOrThrow();
  expect(await agent.next('trust')).toMatchObject({ roster: 'first', ownerChanges: ['change'] });
  const { head } = await agent.next('auditHead');
  expect(await readStatement('auditHead', head!, signer.key.publicKey)).toMatchObject({
    ...own,
    iss: signer.key.thumbprint,
  });
  trust.set({ roster: 'second', ownerChanges: [] });
  expect((await agent.next('trust')).roster).toBe('second');
});

test('older agents get neither', async () => {
  for (const protocolVersion of [1, 2]) {
    const { agent } = await fleet.host({ protocolVersion });
    fleet.server.control.trust.set({ roster: `for ${protocolVersion}`, ownerChanges: [] });
    await fleet.server.control.farewell();
    agent.pulse();
    await fleet.host();
    expect(agent.waiting).not.toContain('trust');
    expect(agent.waiting).not.toContain('auditHead');
  }
});

test('a collector that stops leaves its last head with every host', async () => {
  const { agent } = await fleet.host();
  await insertAudit(fleet.server.store.db, { actor: 'test', action: 'last', detail: {}, outcome: 'done' });
  const { sequence } = (await heads()).collector!;
  await fleet.server.control.farewell();
  await until(() => agent.waiting.includes('auditHead'));
  let told = 0;
  while (told < sequence) {
    const { head } = await agent.next('auditHead');
    told = (await readStatement('auditHead', head!, fleet.server.control.signer.key.publicKey)).sequence;
  }
  expect(told).toBe(sequence);
});

test('heads of hosts are kept; one that does not continue the others is kept beside them and noted', async () => {
  const { agent, hostId } = await fleet.host();
  const own = async () => (await heads()).hosts.filter((head) => head.hostId === hostId);
  const send = async (sequence: number, more = {}) =>
    agent.send({ auditHead: { head: await signHead(agent.identity, sequence, more) } });
  await send(5);
  await send(5);
  await send(9);
  await until(async () => (await own())[0]?.sequence === 9);
  expect(await own()).toMatchObject([{ fits: true, thumbprint: agent.identity.thumbprint, hostName: 'web-1' }]);
  await send(3);
  await send(9, { hash: 'a'.repeat(64) });
  await until(async () => (await own()).length === 3);
  expect((await own()).map(({ sequence, fits }) => [sequence, fits])).toEqual([
    [9, true],
    [3, false],
    [9, false],
  ]);
  const path = `/audit?action=audit.head-conflict&host=${hostId}`;
  const { items } = (await fleet.ask<List<AuditEntry>>('GET', path, admin)).body;
  expect(items).toMatchObject([{ actor: `host ${hostId}`, outcome: 'failed', detail: { sequence: 3 } }]);
});

test("a head by another key is not kept, and a host's clock ten years off is no matter", async () => {
  const { agent, hostId } = await fleet.host();
  const before = fleet.server.control.counters()['strays_total']!;
  agent.send({ auditHead: { head: await signHead(testIdentity(), 1) } });
  await until(() => fleet.server.control.counters()['strays_total'] === before + 1);
  const tenYears = 10 * 365 * 86_400;
  for (const [sequence, offset] of [
    [1, -tenYears],
    [2, tenYears],
  ] as const) {
    agent.send({
      auditHead: { head: await signHead(agent.identity, sequence, { iat: Math.floor(Date.now() / 1000) + offset }) },
    });
  }
  const own = async () => (await heads()).hosts.filter((head) => head.hostId === hostId);
  await until(async () => (await own())[0]?.sequence === 2);
  expect(await own()).toMatchObject([{ fits: true }]);
});

test("a host's own policy is shown as it told it, and not that of an agent without one", async () => {
  const policy = {
    allowed: ['observe', 'terminate'],
    weakestSigner: 'passkey',
    labels: ['env=prod'],
    source: '/etc/x',
  };
  const { hostId, agent } = await fleet.host({ policy });
  const shown = (await fleet.ask<HostDetail>('GET', `/hosts/${hostId}`, admin)).body;
  expect(shown).toMatchObject({ policy, keyThumbprint: agent.identity.thumbprint });
  const old = await fleet.host({ protocolVersion: 2, policy });
  const without = await fleet.host();
  for (const host of [old, without]) {
    expect((await fleet.ask<HostDetail>('GET', `/hosts/${host.hostId}`, admin)).body.policy).toBeNull();
  }
  const again = fleet.connect(agent.identity);
  await again.join({ protocolVersion: 3, policy: { ...policy, allowed: ['observe'] } });
  const allowed = async () =>
    (await fleet.ask<HostDetail>('GET', `/hosts/${hostId}`, admin)).body.policy!.allowed.join();
  expect(await allowed()).toBe('observe');
  // Edited while it is connected, twice in a moment: the newest counts.
  again.send({ policy: { ...policy, allowed: ['observe', 'probe'] } });
  again.send({ policy: { ...policy, allowed: ['observe', 'probe', 'capture-headers'] } });
  await until(async () => (await allowed()) === 'observe,probe,capture-headers');
  old.agent.send({ policy });
  await expect(old.agent.ended).resolves.toMatchObject({ name: 'unexpected-frame' });
});
