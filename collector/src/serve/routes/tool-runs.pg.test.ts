// Looks from several hosts over REST: asked, signed with one click, followed, cancelled, found again; and what is refused to whom.
import type { AuditEntry, List, Problem, ToolRun, ToolRunAsked, ToolRunEvent, ToolRunList } from '@foretop/proto/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerOffer, testSigner, type TestSigner } from '../../../test/commandable.ts';
import { bearer, type TestFleet, testFleet, type TestHost } from '../../../test/commanded-fleet.ts';
import { makeAccount, signIn } from '../../../test/people.ts';
import {
  answered,
  askRun,
  ended,
  followRun,
  pingOf,
  runOf,
  saidIn,
  signRun,
  startTool,
} from '../../../test/tool-host.ts';
import { until } from '../../../test/wire.ts';
import * as schemas from '../openapi/schemas.ts';

let fleet: TestFleet;
let one: TestHost;
let two: TestHost;
let alice: TestSigner;
let me: Record<string, string>;

beforeAll(async () => {
  fleet = await testFleet({ offerTimeoutMs: 1_500 });
  [one, two] = [await fleet.host(), await fleet.host()];
  alice = await testSigner();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
});

const both = () => [one.hostId, two.hostId];

/** A run on one host that is under way. */
async function running(body: { hosts: readonly number[] } = pingOf([one.hostId]), host = one) {
  const asked = await askRun(fleet, me, body, [host]);
  expect((await signRun(fleet, me, asked, alice)).body.faults).toEqual([]);
  return { asked, id: asked.run.id, offer: asked.offers[0]!.offer, tool: await startTool(host.agent) };
}

describe('a person', () => {
  test('pings from two hosts with one set of signatures, follows it, and it is on record', async () => {
    const asked = await askRun(fleet, me, pingOf(both()), [one, two]);
    expect(schemas.toolRunAsked.safeParse(asked).error?.issues).toBeUndefined();
    expect(asked.run).toMatchObject({ tool: 'ping', target: 'example.org', status: 'offered' });
    expect(asked.offers.map(({ claims }) => claims.action.kind)).toEqual(['run-tool', 'run-tool']);
    const signed = await signRun(fleet, me, asked, alice);
    expect(schemas.toolRunSigned.safeParse(signed.body).error?.issues).toBeUndefined();
    expect(signed.body).toMatchObject({ faults: [], run: { status: 'running' } });

    const following = followRun(fleet, me, asked.run.id);
    for (const host of [one, two]) {
      const tool = await startTool(host.agent);
      tool.say({ kind: 'resolved', target: 'example.org', address: '192.0.2.7', addresses: ['192.0.2.7'] });
      tool.say(answered(1), answered(2));
      tool.say(ended);
      await tool.end(asked.offers.find(({ hostId }) => hostId === host.hostId)!.offer);
    }
    const { messages, ended: isOver } = await following;
    expect(isOver).toBe(true);
    const said = saidIn(messages);
    for (const hostId of both()) {
      const kinds = said.filter((entry) => entry.hostId === hostId).map(({ event }) => event.kind);
      expect(kinds).toEqual(['resolved', 'ping', 'ping', 'ended']);
    }
    expect(messages.at(-1)).toMatchObject({ kind: 'run', run: { status: 'ended' } });

    const run = await runOf(fleet, me, asked.run.id);
    expect(schemas.toolRun.safeParse(run).error?.issues).toBeUndefined();
    expect(run.hosts.map(({ status, outcome, events, dropped }) => [status, outcome, events, dropped])).toEqual([
      ['ended', 'completed', 4, 0],
      ['ended', 'completed', 4, 0],
    ]);
    const path = `/audit?action=tool.*&q=${run.id}`;
    const entries = (await fleet.ask<List<AuditEntry>>('GET', path, me)).body.items.toReversed();
    expect(entries.map(({ action, hostId }) => `${action} ${hostId ?? ''}`.trim()).toSorted()).toEqual(
      ['tool.ask', ...both().flatMap((id) => [`tool.receipt ${id}`, `tool.sign ${id}`])].toSorted(),
    );
    expect(entries[0]).toMatchObject({
      action: 'tool.ask',
      detail: { tool: 'ping example.org, icmp', hosts: 2, offered: 2 },
    });
  });

  test('goes on reading where the stream broke off', async () => {
    const { id, offer, tool } = await running();
    tool.say(answered(1));
    const first = await followRun(fleet, me, id, { enough: (all) => saidIn(all).length === 1 });
    tool.say(answered(2));
    tool.say(ended);
    await tool.end(offer);
    const rest = await followRun(fleet, me, id, { lastEventId: String(saidIn(first.messages)[0]!.number) });
    expect(saidIn(rest.messages).map(({ event }) => event.kind)).toEqual(['ping', 'ended']);
    expect(rest.ended).toBe(true);
  });

  test('cancels a run: the host is told, and says how it ended', async () => {
    const { id, offer, tool } = await running();
    expect((await fleet.ask('DELETE', `/tool-runs/${id}`, me)).status).toBe(204);
    expect(Buffer.from((await one.agent.next('cancel')).requestId!)).toEqual(Buffer.from(tool.requestId));
    await tool.end(offer, { outcome: 'cancelled', detail: 'cancelled after 1 of 2' });
    await until(async () => (await runOf(fleet, me, id)).status === 'ended');
    expect((await runOf(fleet, me, id)).hosts[0]).toMatchObject({ outcome: 'cancelled' });
  });

  test('cancels before signing: the offer is good for nothing any more', async () => {
    const asked = await askRun(fleet, me, pingOf([one.hostId]), [one]);
    await fleet.ask('DELETE', `/tool-runs/${asked.run.id}`, me);
    const { body } = await signRun(fleet, me, asked, alice);
    expect(body.faults).toMatchObject([{ code: 'offer-unknown' }]);
    expect(body.run).toMatchObject({ status: 'ended', hosts: [{ status: 'expired', detail: 'Withdrawn.' }] });
    expect(one.agent.waiting).not.toContain('command');
  });

  test('sees the reason of each host that refuses or does not answer beside those that run', async () => {
    const [refusing, silent] = [await fleet.host(), await fleet.host()];
    const asking = fleet.ask<ToolRunAsked>(
      'POST',
      '/tool-runs',
      me,
      pingOf([one.hostId, refusing.hostId, silent.hostId]),
    );
    await Promise.all([
      answerOffer(one.agent, { allowed: ['observe', 'probe'] }),
      refusing.agent.next('offerRequest').then(({ requestId }) =>
        refusing.agent.send({
          offer: { requestId: requestId!, refusal: { code: 'not-allowed', detail: 'the file allows observe' } },
        }),
      ),
    ]);
    const { body } = await asking;
    expect(body.offers).toHaveLength(1);
    const parts = new Map(body.run.hosts.map((part) => [part.hostId, part]));
    expect(parts.get(refusing.hostId)).toMatchObject({
      status: 'refused',
      code: 'not-allowed',
      detail: 'the file allows observe',
    });
    expect(parts.get(silent.hostId)).toMatchObject({ status: 'refused', code: 'host-silent' });
    const noted = await fleet.ask<List<AuditEntry>>('GET', `/audit?action=tool.offer&q=${body.run.id}`, me);
    expect(noted.body.items).toHaveLength(2);
  });

  test('does not get another question signed than the one that was asked', async () => {
    const asking = fleet.ask<ToolRunAsked>('POST', '/tool-runs', me, pingOf([one.hostId]));
    const parameters = JSON.stringify({ ...pingOf([]).parameters, target: 'victim.example' });
    await answerOffer(one.agent, { action: { kind: 'run-tool', tool: 'ping', parameters, addresses: [] } });
    const { body } = await asking;
    expect(body.offers).toEqual([]);
    expect(body.run.hosts[0]).toMatchObject({ code: 'offer-invalid', detail: expect.stringMatching(/another target/) });
  });
});

describe('signatures', () => {
  test('of another offer, of somebody else, or given twice are not sent; the right one still is', async () => {
    const asked = await askRun(fleet, me, pingOf([one.hostId]), [one]);
    const other = await askRun(fleet, me, pingOf([two.hostId]), [two]);
    const crossed = { run: asked.run, offers: [{ ...asked.offers[0]!, offer: other.offers[0]!.offer }] };
    expect((await signRun(fleet, me, crossed, alice)).body.faults).toMatchObject([{ code: 'signature-invalid' }]);
    const somebody = await fleet.signIn();
    expect((await signRun(fleet, somebody, asked, alice)).body.faults).toMatchObject([{ code: 'offer-unknown' }]);
    const [first, second] = await Promise.all([signRun(fleet, me, asked, alice), signRun(fleet, me, asked, alice)]);
    expect([first, second].flatMap(({ body }) => body.faults)).toMatchObject([{ code: 'offer-unknown' }]);
    await one.agent.next('command');
    expect(one.agent.waiting).not.toContain('command');
  });
});

describe('the list', () => {
  test('is filtered, searched, sorted, paged and exported', async () => {
    const targets = ['zulu.example', 'alpha.example', 'mike.example'];
    for (const target of targets) await askRun(fleet, me, pingOf([two.hostId], { target }), [two]);
    const list = async (query: string) => (await fleet.ask<ToolRunList>('GET', `/tool-runs?${query}`, me)).body;
    const names = ({ items }: ToolRunList) => items.map(({ target }) => target);
    expect(names(await list('q=example+ping&host=' + two.hostId)).slice(0, 3)).toEqual(targets.toReversed());
    const sorted = await list('sort=target&limit=2&q=.example');
    expect(schemas.toolRunList.safeParse(sorted).error?.issues).toBeUndefined();
    expect(names(sorted)).toEqual(['alpha.example', 'mike.example']);
    const next = await list(`sort=target&limit=2&q=.example&cursor=${sorted.nextCursor}`);
    expect(names(next)[0]).toBe('zulu.example');
    expect(names(await list('tool=scan'))).toEqual([]);
    const file = await fetch(`${fleet.server.url}/api/v1/tool-runs?q=alpha&format=csv`, { headers: me });
    expect((await file.text()).split('\n')[1]).toMatch(/^[0-9a-f]{32},ping,alpha\.example,/);
  });

  test("a run's events come in pages and as files", async () => {
    const { id, offer, tool } = await running();
    tool.say(answered(1), answered(2), ended);
    await tool.end(offer);
    await until(async () => (await runOf(fleet, me, id)).status === 'ended');
    const page = await fleet.ask<List<ToolRunEvent>>('GET', `/tool-runs/${id}/events?limit=2`, me);
    expect(schemas.toolRunEventList.safeParse(page.body).error?.issues).toBeUndefined();
    expect(page.body.items.map(({ event }) => event.kind)).toEqual(['ping', 'ping']);
    const rest = await fleet.ask<List<ToolRunEvent>>(
      'GET',
      `/tool-runs/${id}/events?cursor=${page.body.nextCursor}`,
      me,
    );
    expect(rest.body.items.map(({ event }) => event.kind)).toEqual(['ended']);
    const file = await fetch(`${fleet.server.url}/api/v1/tool-runs/${id}/events?format=jsonl`, { headers: me });
    const lines = (await file.text()).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['ping', 'ping', 'ended']);
  });
});

describe('refused', () => {
  const ask = (headers: Record<string, string>, body: object) =>
    fleet.ask<Problem>('POST', '/tool-runs', headers, body);

  test.each<[string, object, RegExp]>([
    ['nobody', { hosts: [] }, /hosts/],
    ['a host twice', { hosts: [1, 1] }, /twice/],
    ['33 hosts', { hosts: Array.from({ length: 33 }, (_, id) => id + 1) }, /32/],
    ['an unknown tool', { tool: 'rm' }, /tool/],
    ['more than a host does', { parameters: { ...pingOf([]).parameters, count: 101 } }, /count/],
    ['a member that there is not', { parameters: { ...pingOf([]).parameters, shell: 'id' } }, /shell/],
    ['a target with controls', { parameters: { ...pingOf([]).parameters, target: 'a\u001b[2J' } }, /target/],
  ])('a question for %s', async (_what, changes, reason) => {
    const { status, body } = await ask(me, { ...pingOf([one.hostId]), ...changes });
    expect([status, body.type]).toEqual([400, 'urn:foretop:problem:invalid-request']);
    expect(body.detail).toMatch(reason);
    expect(one.agent.waiting).not.toContain('offerRequest');
  });

  test('for viewers, and for tokens that would sign', async () => {
    const viewer = bearer(await fleet.server.token('viewer'));
    expect((await ask(viewer, pingOf([one.hostId]))).status).toBe(403);
    const operator = bearer(await fleet.server.token('operator'));
    const asked = await askRun(fleet, operator, pingOf([one.hostId]), [one]);
    const signed = await signRun(fleet, operator, asked, alice);
    expect([signed.status, (signed.body as unknown as Problem).type]).toEqual([
      403,
      'urn:foretop:problem:person-needed',
    ]);
    expect((await fleet.ask('GET', `/tool-runs/${asked.run.id}`, viewer)).status).toBe(200);
    expect((await fleet.ask('DELETE', `/tool-runs/${asked.run.id}`, viewer)).status).toBe(403);
  });

  test('beyond a rate of its own, which is none of the acts', async () => {
    const tired = await fleet.signIn();
    const revoked = { ...pingOf([one.hostId], { target: 'x' }) };
    const statuses: number[] = [];
    for (let times = 0; times < 32; times++) {
      const [answer] = await Promise.all([
        ask(tired, revoked),
        times < 30 ? answerOffer(one.agent, { allowed: ['observe', 'probe'] }) : undefined,
      ]);
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([...Array.from({ length: 30 }, () => 201), 429, 429]);
    const act = await Promise.all([
      fleet.ask('DELETE', `/processes/${one.processId}`, tired),
      answerOffer(one.agent, { allowed: ['observe', 'terminate'] }),
    ]);
    expect(act[0].status).toBe(202);
  });
});

describe('labels', () => {
  test('bind who asks, who sees and who cancels: hosts out of sight are as if they were not there', async () => {
    const { store } = fleet.server;
    await store.db
      .updateTable('host')
      .set({ labels: ['prod'] })
      .where('host_id', '=', one.hostId)
      .execute();
    await store.db
      .updateTable('host')
      .set({ labels: ['secret'] })
      .where('host_id', '=', two.hostId)
      .execute();
    await makeAccount(fleet.server, 'bound', 'operator', ['prod']);
    const bound = { ...(await signIn(fleet.server, 'bound')) };
    const unseen = await fleet.ask<Problem>('POST', '/tool-runs', bound, pingOf(both()));
    expect([unseen.status, unseen.body.detail]).toEqual([404, `There is no host ${two.hostId}.`]);

    const mixed = await askRun(fleet, me, pingOf(both(), { target: 'mixed.example' }), [one, two]);
    const hidden = await askRun(fleet, me, pingOf([two.hostId], { target: 'hidden.example' }), [two]);
    await signRun(fleet, me, mixed, alice);
    const tools = { one: await startTool(one.agent), two: await startTool(two.agent) };
    tools.one.say(answered(1));
    tools.two.say(answered(2));
    await until(async () => (await runOf(fleet, me, mixed.run.id)).hosts.every(({ events }) => events === 1));

    const seen = await fleet.ask<ToolRun>('GET', `/tool-runs/${mixed.run.id}`, bound);
    expect(seen.body.hosts.map(({ hostId }) => hostId)).toEqual([one.hostId]);
    expect((await fleet.ask('GET', `/tool-runs/${hidden.run.id}`, bound)).status).toBe(404);
    expect((await fleet.ask('GET', `/tool-runs/${hidden.run.id}/events`, bound)).status).toBe(404);
    const list = await fleet.ask<ToolRunList>('GET', '/tool-runs?limit=1000', bound);
    expect(JSON.stringify(list.body)).toContain('mixed.example');
    expect(JSON.stringify(list.body)).not.toContain('hidden.example');
    expect(list.body.items.flatMap(({ hosts }) => hosts).every(({ hostId }) => hostId === one.hostId)).toBe(true);
    const events = await fleet.ask<List<ToolRunEvent>>('GET', `/tool-runs/${mixed.run.id}/events`, bound);
    expect(events.body.items.map(({ hostId }) => hostId)).toEqual([one.hostId]);

    expect((await fleet.ask('DELETE', `/tool-runs/${mixed.run.id}`, bound)).status).toBe(204);
    await one.agent.next('cancel');
    expect(two.agent.waiting).not.toContain('cancel');
    await store.db.updateTable('host').set({ labels: [] }).execute();
  });
});
