// Captures over REST: what a host sent comes out as it went in, as it comes or later, for those who may read it, and each reading is noted.
import type { AuditEntry, List, Problem } from '@foretop/proto/api';
import { createOpener, createSealer, newRecipient } from '@foretop/proto/capture';
import { describe, expect, test } from 'vitest';
import { captured, head, packetOf, packetsOf, partOf, startCapture } from '../../../test/capture-host.ts';
import { commandSuite } from '../../../test/command-suite.ts';
import { bearer } from '../../../test/commanded-fleet.ts';
import { makeAccount, signIn } from '../../../test/people.ts';
import { runOf } from '../../../test/tool-host.ts';
import { until } from '../../../test/wire.ts';
import { deleteHistory } from '../../store/queries/delete-history.ts';
import { deleteOldToolRuns } from '../../store/queries/tool-runs.ts';
import * as schemas from '../openapi/schemas.ts';

const suite = commandSuite();

const part = (id: string) => partOf(suite.fleet, suite.me, id);
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const named = (name: string) =>
  suite.fleet.server.store.db.updateTable('host').set({ name }).where('host_id', '=', suite.host.hostId).execute();
const one = packetOf(new Uint8Array(60).fill(1));
const two = packetOf(new Uint8Array(90).fill(2));

/** One that has ended, with two packets. */
async function endedCapture() {
  const run = await startCapture(suite.fleet, suite.me, suite.alice, suite.host);
  run.bring(Buffer.concat([head, one]));
  run.bring(two, captured);
  await run.end();
  await until(async () => (await part(run.id)).status === 'ended');
  return run;
}

describe('a capture', () => {
  test('comes out as it went in, whole or from a place on, and the run says what there is', async () => {
    await named('web-1');
    const run = await endedCapture();
    const whole = Buffer.concat([head, one, two]);
    const said = await runOf(suite.fleet, suite.me, run.id);
    expect(schemas.toolRun.safeParse(said).error?.issues).toBeUndefined();
    expect(said.hosts[0]).toMatchObject({
      ...{ outcome: 'completed', dropped: 0, requestId: run.requestId },
      packets: { bytes: whole.length, sealed: false, recipient: null },
    });
    expect(Buffer.from(run.wireId).toString('hex')).toBe(run.requestId);
    const response = await packetsOf(suite.fleet, suite.me, run);
    expect(response.headers.get('content-type')).toBe('application/x-pcapng');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="web-1-\d{8}-\d{6}\.pcapng"$/);
    expect(await bytesOf(response)).toEqual(whole);
    for (const from of [1, head.length, whole.length - 1, whole.length])
      expect(await bytesOf(await packetsOf(suite.fleet, suite.me, run, `?from=${from}`))).toEqual(whole.subarray(from));
    expect((await packetsOf(suite.fleet, suite.me, run, `?from=${whole.length + 1}`)).status).toBe(400);
    const path = `/audit?action=capture.read&q=${run.id}`;
    const { items } = (await suite.fleet.ask<List<AuditEntry>>('GET', path, suite.me)).body;
    expect(items.map(({ detail }) => detail['from'])).toEqual([whole.length, whole.length - 1, head.length, 1, 0]);
    expect(items[0]).toMatchObject({
      hostId: suite.host.hostId,
      detail: { tool: 'capture headers of eth0: tcp port 443' },
    });
  });

  test('is followed to its end as it comes', async () => {
    const run = await startCapture(suite.fleet, suite.me, suite.alice, suite.host);
    const response = await packetsOf(suite.fleet, suite.me, run, '?follow=true');
    const reader = response.body!.getReader();
    run.bring(Buffer.concat([head, one]));
    const { value } = await reader.read();
    expect(Buffer.from(value!)).toEqual(Buffer.concat([head, one]));
    run.bring(two, captured);
    const rest: Uint8Array[] = [];
    const reading = (async () => {
      for (;;) {
        const { done, value: more } = await reader.read();
        if (done) return;
        rest.push(more);
      }
    })();
    await until(() => rest.length > 0);
    await run.end();
    await reading;
    expect(Buffer.concat(rest)).toEqual(Buffer.from(two));
  });

  test('with payload is opened by whoever asked, and by nobody else: the collector hands out what it cannot read', async () => {
    const recipient = await newRecipient();
    const run = await startCapture(suite.fleet, suite.me, suite.alice, suite.host, {
      content: 'payload',
      recipient: recipient.publicKey,
    });
    const sealer = await createSealer(recipient.publicKey, run.requestId);
    const secret = Buffer.concat([head, packetOf(Buffer.from('a password in the clear'))]);
    run.bring(Buffer.concat([sealer.head, await sealer.seal(secret, false)]));
    run.bring(await sealer.seal(two, true), captured);
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended');
    expect((await part(run.id)).packets).toMatchObject({ sealed: true, recipient: recipient.publicKey });
    const response = await packetsOf(suite.fleet, suite.me, run);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toMatch(/\.pcapng\.sealed"$/);
    const stream = await bytesOf(response);
    expect(stream.includes('password')).toBe(false);
    const opener = await createOpener(recipient.privateKey, recipient.publicKey, run.requestId);
    expect(Buffer.concat(await opener.push(stream))).toEqual(Buffer.concat([secret, two]));
    expect(opener.isComplete).toBe(true);
  });

  test('of several megabytes goes to a reader who takes his time, while nothing piles up here', async () => {
    const run = await startCapture(suite.fleet, suite.me, suite.alice, suite.host, { maxBytes: 16 << 20 });
    const block = packetOf(new Uint8Array(60_000).fill(5));
    run.bring(head);
    for (let times = 0; times < 140; times++) run.bring(block);
    run.bring(one, captured);
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended', 20_000);
    const size = head.length + 140 * block.length + one.length;
    expect((await part(run.id)).packets!.bytes).toBe(size);
    const response = await packetsOf(suite.fleet, suite.me, run, '?follow=true');
    let read = 0;
    for await (const bytes of response.body!) {
      read += bytes.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(read).toBe(size);
  });
});

describe('the name of its file', () => {
  test.each([
    ['../../etc/cron.d/x', /filename="etc_cron\.d_x-\d{8}-\d{6}\.pcapng"/],
    ['a"\r\nset-cookie: x=1', /filename="a_set-cookie_x_1-\d{8}-\d{6}\.pcapng"/],
    ['хост', /filename="host-\d+-\d{8}-\d{6}\.pcapng"/],
    ['x'.repeat(255), /filename="x{64}-\d{8}-\d{6}\.pcapng"/],
  ])('of a host that is called %j is one of a file', async (name, expected) => {
    await named(name);
    const response = await packetsOf(suite.fleet, suite.me, await endedCapture());
    expect(response.headers.get('content-disposition')).toMatch(expected);
    expect(response.headers.get('set-cookie')).toBeNull();
  });
});

describe('refused', () => {
  test('to viewers, to tokens that may not export, and to operators whose labels do not reach the host', async () => {
    const run = await endedCapture();
    expect((await packetsOf(suite.fleet, bearer(await suite.fleet.server.token('viewer')), run)).status).toBe(403);
    const { store } = suite.fleet.server;
    await store.db
      .updateTable('host')
      .set({ labels: ['secret'] })
      .where('host_id', '=', suite.host.hostId)
      .execute();
    await makeAccount(suite.fleet.server, 'bound', 'operator', ['prod']);
    const bound = { ...(await signIn(suite.fleet.server, 'bound')) };
    expect((await packetsOf(suite.fleet, bound, run)).status).toBe(404);
    await store.db
      .updateTable('host')
      .set({ labels: ['prod'] })
      .where('host_id', '=', suite.host.hostId)
      .execute();
    expect((await packetsOf(suite.fleet, bound, run)).status).toBe(200);
    await store.db.updateTable('host').set({ labels: [] }).where('host_id', '=', suite.host.hostId).execute();
    const { items } = (
      await suite.fleet.ask<List<AuditEntry>>('GET', `/audit?action=capture.read&q=${run.id}`, suite.me)
    ).body;
    expect(items.map(({ actor }) => actor)).toEqual(['account bound']);
  });

  test('to who signs out while following', async () => {
    const run = await startCapture(suite.fleet, suite.me, suite.alice, suite.host);
    const leaving = await suite.fleet.signIn();
    const response = await packetsOf(suite.fleet, leaving, run, '?follow=true');
    await suite.fleet.ask('DELETE', '/session', leaving);
    run.bring(Buffer.concat([head, one]));
    await expect(bytesOf(response)).rejects.toThrow('terminated');
    await run.end();
  });

  test.each([
    ['a run that there is not', () => `${'0'.repeat(32)}/packets/${'0'.repeat(32)}`],
    ['a part of another run', (run: string) => `${run}/packets/${'f'.repeat(32)}`],
    ['a path that leads elsewhere', (run: string) => `${run}/packets/..%2F..%2F..%2Fsession`],
    ['a part that is no id', (run: string) => `${run}/packets/%00'--`],
  ])('for %s', async (_what, pathOf) => {
    const { id } = await endedCapture();
    const { status, body } = await suite.fleet.ask<Problem>('GET', `/tool-runs/${pathOf(id)}`, suite.me);
    expect([status, body.type]).toEqual([404, 'urn:foretop:problem:not-found']);
  });

  test.each(['from=-1', 'from=1.5', 'from=x', 'follow=1', 'more=1'])('with %s', async (query) => {
    const run = await endedCapture();
    expect((await packetsOf(suite.fleet, suite.me, run, `?${query}`)).status).toBe(400);
  });
});

describe('packets', () => {
  test('go with the history of their span, and the run says that they did when they are asked for', async () => {
    const run = await endedCapture();
    const nowUs = Date.now() * 1_000;
    const span = { fromUs: nowUs - 60_000_000, toUs: nowUs + 60_000_000, hostIds: [suite.host.hostId] };
    const deleted = await deleteHistory(suite.fleet.server.store.db, span, new AbortController().signal);
    expect(deleted['tool_packets']).toBeGreaterThan(0);
    const gone = await packetsOf(suite.fleet, suite.me, run);
    expect([gone.status, ((await gone.json()) as Problem).detail]).toEqual([
      404,
      'These packets are not kept any more.',
    ]);
  });

  test('go with their run', async () => {
    const run = await endedCapture();
    const { db, pool } = suite.fleet.server.store;
    await deleteOldToolRuns(db, new Date(Date.now() + 60_000), 10_000);
    expect((await packetsOf(suite.fleet, suite.me, run)).status).toBe(404);
    const { rows } = await pool.query('select 1 from tool_packets where request_id = $1', [run.requestId]);
    expect(rows).toEqual([]);
  });
});
