// Tools as signed commands: what the host's file, its roster and its rates let happen, how they are stopped, and watches that go on.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { AgentFrame, OfferRequest } from '@foretop/proto';
import {
  readToolEvents,
  type ToolEvent,
  type ToolName,
  type ToolParameters,
  type WatchParameters,
} from '@foretop/proto/tools';
import { readStatement, type RosterOperator } from '@foretop/proto/trust';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLinuxClock } from '../host/clock.linux.ts';
import type { ProbeSample } from '../tools/watch/watcher.ts';
import { linuxMissing, openBareWorld, start, until, type World, type WorldOptions } from './test-trust.ts';

if (linuxMissing) console.warn(`Skipped agent/src/trust/tools: ${linuxMissing}.`);

const ceiling = (change: object = {}) => JSON.stringify({ allow: 'probe', networks: ['127.0.0.0/8'], ...change });

async function openLooking(options: WorldOptions = {}, operator: Partial<RosterOperator> = {}): Promise<World> {
  const world = await openBareWorld({ ceiling: ceiling(), ...options });
  const operators = [world.operatorOf({ capabilities: ['probe', 'terminate'], ...operator })];
  await world.update(await world.roster({ operators }));
  return world;
}

const runTool = <Name extends ToolName>(tool: Name, parameters: ToolParameters[Name]): OfferRequest => ({
  runTool: { tool, parameters: JSON.stringify(parameters) },
});

/** Of a port where somebody listens. */
async function listen(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ping = (port: number, change: Partial<ToolParameters['ping']> = {}): OfferRequest =>
  runTool('ping', {
    ...{ target: '127.0.0.1', protocol: 'tcp', port, count: 1, intervalMs: 200, payloadBytes: 0, family: 'any' },
    ...change,
  });

const watching = (port: number, change: Partial<WatchParameters> = {}): WatchParameters => ({
  ...{ id: randomBytes(8).toString('hex'), target: '127.0.0.1', protocol: 'tcp', port, intervalSeconds: 1 },
  expiresAt: Math.floor(Date.now() / 1_000) + 600,
  ...change,
});

function said(answers: readonly AgentFrame[], requestId: Uint8Array): ToolEvent[] {
  const own = answers.flatMap(({ toolOutput }) =>
    toolOutput && Buffer.compare(toolOutput.requestId!, requestId) === 0 ? [toolOutput] : [],
  );
  expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, index) => index + 1));
  return own.flatMap(({ events }) => readToolEvents(events!));
}

async function run(world: World, request: OfferRequest) {
  const offered = await world.offer(request);
  const receipt = await world.command(offered, { statement: await world.sign(offered) });
  return { offered, receipt, events: said(world.answers, offered.requestId) };
}

/** Signed and under way; the receipt comes into `answers`. */
async function begin(world: World, request: OfferRequest, answers: AgentFrame[] = []) {
  const offered = await world.offer(request);
  const { requestId } = offered;
  world.send({ command: { requestId, statement: await world.sign(offered) } }, world.trust, answers);
  await until('its first words', () => answers.some(({ toolOutput, receipt }) => toolOutput ?? receipt) || undefined);
  const ended = async () => {
    const frame = await until('its receipt', () => answers.find(({ receipt }) => receipt));
    return readStatement('receipt', frame.receipt!.receipt!, world.identity.jwk);
  };
  return { requestId, answers, ended };
}

describe.skipIf(linuxMissing)('a tool', () => {
  test('runs as it was offered and signed, tells what it sees, and ends with a receipt', async () => {
    const world = await openLooking();
    const port = await listen();
    const { offered, receipt, events } = await run(world, ping(port, { count: 3 }));
    expect(offered.claims).toMatchObject({
      ...{ allowed: ['observe', 'probe'], weakestSigner: 'browser', lifeSeconds: 60 },
      action: { kind: 'run-tool', tool: 'ping', addresses: ['127.0.0.1'] },
    });
    expect(receipt).toMatchObject({ outcome: 'completed', code: '', operator: { name: 'ada' } });
    expect(receipt.detail).toMatch(/^3 of 3 answered, 0 % lost/);
    expect(events.map(({ kind }) => kind)).toEqual(['resolved', 'ping', 'ping', 'ping', 'ended']);
    expect(world.audit().map(({ event }) => event)).toEqual(
      expect.arrayContaining(['offered', 'command-verified', 'command-ended']),
    );
    expect(world.audit().at(-1)!.detail).toMatchObject({
      ...{ operator: 'ada', outcome: 'completed' },
      action: expect.stringMatching(/^ping to 127\.0\.0\.1: \{"target":"127\.0\.0\.1"/),
    });
  });

  test('is offered with the parameters as the host will use them', async () => {
    const world = await openLooking();
    const spaced =
      '{ "family":"any", "payloadBytes":0,"intervalMs":200,"count":1,"port":1,"protocol":"tcp","target":"127.0.0.1"}';
    const { claims } = await world.offer({ runTool: { tool: 'ping', parameters: spaced } });
    expect(claims.action).toMatchObject({
      parameters:
        '{"target":"127.0.0.1","protocol":"tcp","count":1,"intervalMs":200,"payloadBytes":0,"family":"any","port":1}',
    });
  });

  test.each<[string, OfferRequest]>([
    ['an unknown tool', { runTool: { tool: 'rm', parameters: '{}' } }],
    ['parameters that are no JSON', { runTool: { tool: 'ping', parameters: '{' } }],
    ['nothing', { runTool: {} }],
    ['a port too many', { runTool: { tool: 'ping', parameters: '{"port":70000}' } }],
  ])('of %s is malformed', async (_what, request) => {
    const world = await openLooking();
    expect((await world.ask(request)).refusal).toMatchObject({ code: 'malformed' });
  });

  test('needs the ceiling and the roster’s leave', async () => {
    const world = await openLooking({ ceiling: '{"allow":"observe"}' });
    expect((await world.ask(ping(1))).refusal).toMatchObject({ code: 'not-allowed' });
    const other = await openLooking({}, { capabilities: ['terminate', 'capture-headers', 'capture-payload'] });
    const offered = await other.offer(ping(1));
    const receipt = await other.command(offered, { statement: await other.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'not-in-scope' });
  });

  test('takes a stronger signature where the host’s file asks for one', async () => {
    const world = await openLooking({ ceiling: ceiling({ signer: 'passkey' }) });
    const offered = await world.offer(ping(1));
    expect(offered.claims.weakestSigner).toBe('passkey');
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'signer-too-weak' });
  });

  test('whose target is refused or has no address is not offered', async () => {
    const world = await openLooking({ ceiling: '{"allow":"probe"}' });
    expect((await world.ask(ping(1))).refusal).toMatchObject({
      code: 'target-refused',
      detail: expect.stringContaining('127.0.0.1: it is loopback'),
    });
    expect((await world.ask(ping(1, { target: 'localhost' }))).refusal?.code).toBe('target-refused');
    expect((await world.ask(ping(1, { target: '0x7f.1' }))).refusal?.code).toBe('target-refused');
    expect((await world.ask(ping(1, { target: 'no-such-name.invalid' }))).refusal?.code).toBe('no-such-target');
  });

  test('is refused when its target is not allowed any more since the offer', async () => {
    const world = await openLooking();
    const offered = await world.offer(ping(await listen()));
    world.writeCeiling('{"allow":"probe"}');
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'target-refused' });
  });

  test('is stopped by whoever asks, and says so', async () => {
    const world = await openLooking();
    const { requestId, answers, ended } = await begin(world, ping(await listen(), { count: 100, intervalMs: 1_000 }));
    world.send({ cancel: { requestId } });
    expect(await ended()).toMatchObject({ outcome: 'cancelled', detail: 'stopped from the dashboard' });
    expect(said(answers, requestId).at(-1)).toMatchObject({ kind: 'ended', outcome: 'cancelled' });
  });

  test('that was offered and is cancelled cannot be signed any more; other offers are not touched', async () => {
    const world = await openLooking({ ceiling: ceiling({ allow: 'terminate', signer: 'browser' }) });
    const offered = await world.offer(ping(1));
    const target = await start('sleep', ['1000']);
    const act = await world.offer({ terminate: { pid: target.pid! } });
    for (const { requestId } of [offered, act]) world.send({ cancel: { requestId } });
    world.send({ cancel: { requestId: new Uint8Array(3) } });
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'offer-unknown' });
    expect(await world.command(act, { statement: await world.sign(act) })).toMatchObject({ outcome: 'gone' });
  });

  test('is one of four under way, and of thirty a minute; acts have their own', { timeout: 60_000 }, async () => {
    let nowUs = 1e12;
    const clock = { boottimeUs: () => nowUs, wallUs: () => Date.now() * 1e3 };
    const world = await openLooking({ ceiling: ceiling({ allow: 'terminate', signer: 'browser' }), host: { clock } });
    const port = await listen();
    const long = [];
    for (let left = 4; left > 0; left--) long.push(await begin(world, ping(port, { count: 100, intervalMs: 5_000 })));
    expect((await run(world, ping(port))).receipt).toMatchObject({ outcome: 'refused', code: 'too-many' });
    for (const { requestId } of long) world.send({ cancel: { requestId } });
    await Promise.all(long.map(({ ended }) => ended()));
    for (let left = 26; left > 0; left--) expect((await run(world, ping(port))).receipt.outcome).toBe('completed');
    expect((await run(world, ping(port))).receipt).toMatchObject({ outcome: 'refused', code: 'too-many' });
    const target = await start('sleep', ['1000']);
    expect(await world.terminate(target.pid!)).toMatchObject({ outcome: 'gone' });
    nowUs += 60e6;
    expect((await run(world, ping(port))).receipt.outcome).toBe('completed');
  });

  test('under way when the agent stops is cancelled, with a receipt', async () => {
    const world = await openLooking();
    const { answers, ended } = await begin(world, ping(await listen(), { count: 100, intervalMs: 1_000 }));
    await world.trust.stopTools();
    expect(
      answers.some(({ receipt }) => receipt),
      'before the agent goes on stopping',
    ).toBe(true);
    expect(await ended()).toMatchObject({ outcome: 'cancelled', detail: 'the agent was stopped' });
  });

  test('goes on telling over the next connection when its own has ended', async () => {
    const world = await openLooking();
    const offered = await world.offer(ping(await listen(), { count: 4, intervalMs: 300 }));
    const command = { requestId: offered.requestId, statement: await world.sign(offered) };
    world.trust.handle({ command }, () => false);
    const next: AgentFrame[] = [];
    world.trust.opened((answer) => next.push(answer) > 0);
    await until('its receipt', () => next.find(({ receipt }) => receipt));
    const events = next.flatMap(({ toolOutput }) => readToolEvents(toolOutput?.events ?? []));
    expect(events.at(-1)).toMatchObject({ kind: 'ended', outcome: 'completed' });
  });
});

describe.skipIf(linuxMissing)('a watch', () => {
  const file = (world: World) => join(world.folder, 'watches.json');
  const kept = (world: World) =>
    (JSON.parse(readFileSync(file(world), 'utf8')) as { watches: { offer: string }[] }).watches;

  test('goes on by itself, over a restart too, until it is stopped', { timeout: 40_000 }, async () => {
    const world = await openLooking();
    const port = await listen();
    const samples: ProbeSample[] = [];
    world.trust.watch((sample) => samples.push(sample));
    const parameters = watching(port);
    const { offered, receipt, events } = await run(world, runTool('watch', parameters));
    expect(receipt).toMatchObject({ outcome: 'completed', detail: expect.stringMatching(/^every 1 s until 20/) });
    expect(events.map(({ kind }) => kind)).toEqual(['resolved', 'ping', 'ended']);
    await until('two attempts', () => samples.length >= 2 || undefined);
    expect(samples[0]).toMatchObject({ id: parameters.id, answered: true });
    expect(statSync(file(world)).mode & 0o777).toBe(0o600);
    await world.restart();
    const before = samples.length;
    world.trust.watch((sample) => samples.push(sample));
    await until('two more', () => samples.length >= before + 2 || undefined);
    world.send({ cancel: { requestId: offered.requestId } });
    await until('its end', () => world.audit().at(-1)!.event === 'watch-ended' || undefined);
    expect(world.audit().at(-1)!.detail).toMatchObject({ operator: 'ada', why: 'stopped from the dashboard' });
    expect(kept(world)).toEqual([]);
  });

  test('that is there already, has ended, or would last too long is refused', async () => {
    const world = await openLooking();
    const parameters = watching(await listen());
    expect((await run(world, runTool('watch', parameters))).receipt.outcome).toBe('completed');
    const now = Math.floor(Date.now() / 1_000);
    for (const change of [
      {},
      { id: 'f'.repeat(16), expiresAt: now - 1 },
      { id: 'f'.repeat(16), expiresAt: now + 91 * 86_400 },
    ])
      expect((await world.ask(runTool('watch', { ...parameters, ...change }))).refusal?.code).toBe('malformed');
  });

  test.each<[string, (world: World) => void, RegExp]>([
    ['expires', () => undefined, /its time is over/],
    ['is not allowed any more', (world) => world.writeCeiling('{"allow":"observe"}'), /does not allow it any more/],
    ['may not go there any more', (world) => world.writeCeiling('{"allow":"probe"}'), /loopback/],
  ])('that %s ends', async (what, change, words) => {
    const world = await openLooking();
    const life = what === 'expires' ? 3 : 600;
    const parameters = watching(await listen(), { expiresAt: Math.floor(Date.now() / 1_000) + life });
    await run(world, runTool('watch', parameters));
    change(world);
    await world.trust[Symbol.asyncDispose]();
    const { boottimeUs } = createLinuxClock();
    world.trust = await world.openWith({ collectorOffsetUs: () => Date.now() * 1e3 - boottimeUs() });
    world.trust.watch(() => undefined);
    await until('its end', () => world.audit().at(-1)!.event === 'watch-ended' || undefined);
    expect(world.audit().at(-1)!.detail['why']).toMatch(words);
    expect(kept(world)).toEqual([]);
  });

  test('does not end by the host’s own clock before the collector’s is known', async () => {
    let aheadUs = 0;
    const { boottimeUs } = createLinuxClock();
    const clock = { boottimeUs, wallUs: () => Date.now() * 1e3 + aheadUs };
    const world = await openLooking({ host: { clock } });
    await run(world, runTool('watch', watching(await listen())));
    aheadUs = 3_652 * 86_400e6;
    const samples: ProbeSample[] = [];
    await world.restart();
    world.trust.watch((sample) => samples.push(sample));
    await until('an attempt', () => samples.length > 0 || undefined);
    expect(kept(world)).toHaveLength(1);
  });

  test.each<[string, (text: string) => string]>([
    ['another offer', (text) => text.replace(/"offer": "([^.]+)\.([^.]{20})/, '"offer": "$1.AAAAAAAAAAAAAAAAAAAA')],
    ['another signature', (text) => text.replace(/\.[\w-]{86}"/, `.${'A'.repeat(86)}"`)],
    ['no JSON', () => '{'],
    ['another version', (text) => text.replace('"version": 1', '"version": 2')],
  ])('whose file holds %s does not go on', async (_what, change) => {
    const world = await openLooking();
    await run(world, runTool('watch', watching(await listen())));
    await world.trust[Symbol.asyncDispose]();
    const text = readFileSync(file(world), 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(file(world), change(text), { mode: 0o600 });
    const samples: ProbeSample[] = [];
    await world.restart();
    world.trust.watch((sample) => samples.push(sample));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(samples).toEqual([]);
  });
});
