// The agent's side of the wire against a real WebSocket server on loopback.
import { closeReasons, limits, type CloseName, type SealedBatch } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { verifyHello, welcomeFor, type FakeCollector } from '../../test/fake-collector.ts';
import { recordedBatch } from '../../test/recorded-batches.ts';
import { bootId } from '../../test/synthetic-ticks.ts';
import { agent, cleanups, collector, home, until } from '../../test/wire-agent.ts';
import { openClockOffset } from './clock-offset.ts';

const sequences = (batches: SealedBatch[]) =>
  batches.map(({ sequence, previousSequence }) => [sequence, previousSequence]);
const rawOf = ({ payload, payloadBytes }: SealedBatch) => `${payloadBytes}:${Buffer.from(payload!).toString('hex')}`;

describe('handshake', () => {
  it('answers the challenge with a signed Hello, the token only until Welcome, and pins the collector', async () => {
    const directory = home();
    const nonce = new Uint8Array(32).fill(8);
    const fake = await collector({ challenge: { nonce } });
    const first = await agent(fake, { directory });
    await until(() => first.connector.lanes());
    const { hello } = fake.connections[0]!;
    await verifyHello(hello!, nonce);
    expect(hello).toMatchObject({ agentVersion: '9', tier: 2, scope: 'machine', enrolment: { token: fake.token } });
    expect(first.connector.state()).toEqual({ state: 'connected' });
    fake.connections[0]!.drop();
    await until(() => fake.connections[1]?.hello);
    expect(fake.connections[1]!.hello!.enrolment).toBeNull();
  });

  it('says nothing to a collector that is not the pinned one', async () => {
    const fake = await collector({ collectorId: 'somebody-else' });
    const { connector, logs } = await agent(fake);
    expect(await connector.ended).toBe('wrong-collector');
    expect(fake.frames).toEqual([]);
    expect(logs.join()).toContain(closeReasons['wrong-collector'].text);
  });

  it('parts from a collector that speaks only later versions', async () => {
    const fake = await collector({ challenge: { protocolVersion: 99, minimumVersion: 98 } });
    const { connector } = await agent(fake);
    expect(await connector.ended).toBe('version-unsupported');
    expect(fake.frames).toEqual([]);
  });

  const refusals = (Object.keys(closeReasons) as CloseName[]).filter((name) => !closeReasons[name].retry);
  it.each(refusals)('stops for good and says in words why after %s', async (name) => {
    const fake = await collector({ onHello: (connection) => connection.close(name) });
    const { connector, logs } = await agent(fake);
    expect(await connector.ended).toBe(name);
    expect(connector.state()).toEqual({ state: 'refused', close: name });
    expect(logs.map((line) => JSON.parse(line).msg).join()).toContain(closeReasons[name].text);
  });

  it('waits as long as Retry-After asks', async () => {
    let refusals = 0;
    const fake = await collector({
      refuseUpgrade: () => (refusals++ === 0 ? { status: 503, headers: { 'Retry-After': '1' } } : undefined),
    });
    const startedMs = performance.now();
    const { connector, logs } = await agent(fake);
    await until(() => connector.lanes());
    expect(performance.now() - startedMs).toBeGreaterThan(1_000);
    expect(logs.join()).toContain('HTTP 503');
  });

  it('gives up on a collector that never says Welcome, and tries again', async () => {
    const fake = await collector({ onHello: () => undefined });
    await agent(fake, { times: { welcomeMs: 50 } });
    await until(() => fake.connections.length > 2);
  });
});

describe('what a collector must not send', () => {
  const bad: [string, (fake: FakeCollector) => void][] = [
    ['text', (fake) => fake.connections[0]!.raw('hello')],
    ['no protobuf', (fake) => fake.connections[0]!.raw(Uint8Array.of(0xff, 0xff, 0xff))],
    ['an empty frame', (fake) => fake.connections[0]!.raw(new Uint8Array())],
    ['more than a frame may have', (fake) => fake.connections[0]!.raw(new Uint8Array(limits.frameBytes + 1))],
    ['a second Welcome', (fake) => fake.connections[0]!.send(welcomeFor(fake.connections[0]!.hello!))],
    [
      'an Ack of what was not sent',
      (fake) => fake.connections[0]!.send({ ack: { epoch: new Uint8Array(8), sequence: 4 } }),
    ],
    ['an Ack without epoch', (fake) => fake.connections[0]!.send({ ack: { sequence: 4 } })],
  ];
  it.each(bad)('%s ends the connection, not the agent', async (_, misbehave) => {
    const fake = await collector();
    const { connector, spool } = await agent(fake);
    await until(() => connector.lanes());
    misbehave(fake);
    await until(() => fake.connections.length === 2 && connector.lanes());
    spool.append(recordedBatch(1), 0);
    connector.lanes()!.pump();
    await until(() => spool.counters().batches === 0);
  });

  it.each([
    ['a Challenge with a short nonce', { nonce: new Uint8Array(5) }],
    ['a Challenge without an id', { collectorId: '' }],
  ])('%s is not answered', async (_, challenge) => {
    const fake = await collector({ challenge });
    await agent(fake);
    await until(() => fake.connections.length > 0);
    await new Promise((done) => setTimeout(done, 50));
    expect(fake.frames).toEqual([]);
  });
});

describe('commands', () => {
  const policy = { allowed: ['observe', 'terminate'], weakestSigner: 'passkey' };
  const requestId = new Uint8Array(16).fill(1);
  const receipt = { requestId, receipt: 'r' };

  it('are handed on, and answered over their connection as long as it lasts', async () => {
    const fake = await collector();
    const { connector, commands, answers } = await agent(fake, { policy });
    await until(() => connector.lanes());
    expect(fake.connections[0]!.hello!.policy).toMatchObject(policy);
    expect(answers).toHaveLength(1);
    fake.connections[0]!.send({ offerRequest: { requestId, operator: 'ada', terminate: { pid: 5 } } });
    fake.connections[0]!.send({ trust: { roster: '', ownerChanges: [] } });
    fake.connections[0]!.send({ auditHead: { head: 'h' } });
    fake.connections[0]!.send({ command: { requestId, statement: 's' } });
    await until(() => commands.length === 4);
    const kinds = commands.map(({ frame }) => (frame as { body?: string }).body);
    expect(kinds).toEqual(['offerRequest', 'trust', 'auditHead', 'command']);
    expect(commands[0]!.answer({ progress: { requestId, text: 'under way' } })).toBe(true);
    await until(() => fake.frames.some(({ progress }) => progress?.text === 'under way'));
    fake.connections[0]!.drop();
    await until(() => fake.connections.length === 2 && connector.lanes());
    expect(commands[0]!.answer({ receipt })).toBe(false);
    expect(answers.map((answer) => answer({ receipt }))).toEqual([false, true]);
    await until(() => fake.frames.some((frame) => frame.receipt?.receipt === 'r'));
  });

  it('have no room for packets behind others that have not left, and all else has', async () => {
    const fake = await collector();
    const { connector, commands } = await agent(fake, { policy });
    await until(() => connector.lanes());
    fake.connections[0]!.send({ auditHead: { head: 'h' } });
    await until(() => commands.length === 1);
    const { answer } = commands[0]!;
    const packets = new Uint8Array(60 << 10);
    // Nobody reads meanwhile: this test is the collector too.
    let sent = 0;
    while (sent < 2_000 && answer({ toolOutput: { requestId, sequence: sent + 1, events: [], packets } })) sent++;
    expect(sent).toBeGreaterThan(3);
    expect(sent).toBeLessThan(2_000);
    expect(answer({ toolOutput: { requestId, sequence: sent + 1, events: ['{}'] } })).toBe(true);
    expect(answer({ receipt })).toBe(true);
    await until(() => fake.frames.filter(({ toolOutput }) => toolOutput?.packets?.length).length === sent);
    expect(answer({ toolOutput: { requestId, sequence: sent + 2, events: [], packets } })).toBe(true);
  });

  it('are unknown to an older collector: it is told no policy, asked for nothing, and may send none', async () => {
    const fake = await collector({ challenge: { protocolVersion: 2, minimumVersion: 1 } });
    const { connector, commands, answers } = await agent(fake, { policy });
    await until(() => connector.lanes());
    expect(fake.connections[0]!.hello!.policy).toBeNull();
    fake.connections[0]!.send({ offerRequest: { requestId, terminate: { pid: 5 } } });
    await until(() => fake.connections.length === 2);
    expect([commands, answers]).toEqual([[], []]);
  });
});

describe('record lane', () => {
  it('keeps what is not acknowledged and replays it byte for byte, also after a restart', async () => {
    const directory = home();
    const fake = await collector({ acknowledges: () => false });
    const first = await agent(fake, { directory });
    await until(() => first.connector.lanes());
    for (const number of [1, 2, 3]) first.spool.append(recordedBatch(number, 100), 7);
    first.connector.lanes()!.pump();
    await until(() => fake.batches.length === 3);
    const sent = fake.batches.splice(0).map(rawOf);
    fake.connections[0]!.drop();
    await until(() => fake.batches.length === 3);
    expect(fake.batches.splice(0).map(rawOf)).toEqual(sent);
    await first.stop();

    fake.setOptions({});
    const second = await agent(fake, { directory, epoch: 2 });
    await until(() => fake.batches.length === 3);
    expect(fake.batches.map(rawOf)).toEqual(sent);
    expect(fake.connections.at(-1)!.hello!.epochs).toMatchObject([{ firstSequence: 1, lastSequence: 3 }]);
    await until(() => second.spool.counters().batches === 0);
    expect(fake.batches[0]).toMatchObject({ wallOffsetUs: 7, clock: { wallUs: 1 } });
    expect(fake.batches[0]!.bootOffsetUs).toBeGreaterThan(1e15);
  });

  it('sends nothing again that Welcome says is stored', async () => {
    const directory = home();
    const fake = await collector({ acknowledges: () => false });
    const { connector, spool } = await agent(fake, { directory });
    await until(() => connector.lanes());
    for (const number of [1, 2, 3]) spool.append(recordedBatch(number), 0);
    connector.lanes()!.pump();
    await until(() => fake.batches.length === 3);
    fake.batches.length = 0;
    fake.cursors.set('0100000000000000', 2);
    fake.setOptions({});
    fake.connections[0]!.drop();
    await until(() => spool.counters().batches === 0);
    expect(sequences(fake.batches)).toEqual([[3, 2]]);
  });

  it('has no more batches on the way than the window allows', async () => {
    const fake = await collector({ acknowledges: () => false });
    const { connector, spool } = await agent(fake);
    await until(() => connector.lanes());
    for (let number = 1; number <= 20; number++) spool.append(recordedBatch(number), 0);
    connector.lanes()!.pump();
    await until(() => fake.batches.length === 4);
    await new Promise((done) => setTimeout(done, 50));
    expect(fake.batches).toHaveLength(4);
    expect(connector.lanes()!.isDrained()).toBe(false);
  });

  it('drains a long spool at a pace', async () => {
    const fake = await collector();
    const { connector, spool } = await agent(fake);
    for (let number = 1; number <= 160; number++) spool.append(recordedBatch(number), 0);
    await until(() => fake.batches.length >= 50);
    await new Promise((done) => setTimeout(done, 100));
    expect(fake.batches.length).toBeLessThanOrEqual(100);
    const pumping = setInterval(() => connector.lanes()?.pump(), 100);
    cleanups.push(() => clearInterval(pumping));
    await until(() => spool.counters().batches === 0);
    expect(sequences(fake.batches)).toEqual(Array.from({ length: 160 }, (_, i) => [i + 1, i]));
  });

  it('names what came before when the spool had to drop batches', async () => {
    const fake = await collector({ refuseUpgrade: () => ({ status: 500 }) });
    const { spool } = await agent(fake, { spool: { maxBytes: 20_000, fileBytes: 4_000 } });
    for (let number = 1; number <= 60; number++) {
      spool.append(recordedBatch(number, 1_000), 0);
      if (spool.isFileFull()) spool.rotate(recordedBatch(number).checkpoint);
    }
    const first = spool.epochs()[0]!.firstSequence!;
    expect(first).toBeGreaterThan(30);
    fake.setOptions({});
    await until(() => spool.counters().batches === 0);
    expect(sequences(fake.batches)[0]).toEqual([first, 0]);
    expect(sequences(fake.batches)[1]).toEqual([first + 1, first]);
    expect(fake.connections.at(-1)!.hello!.epochs).toMatchObject([{ firstSequence: first, lastSequence: 60 }]);
  });

  it('learns the offset of the clocks, and remembers it', async () => {
    const directory = home();
    const fake = await collector();
    const { connector } = await agent(fake, { directory });
    await until(() => connector.lanes());
    const offset = openClockOffset(`${directory}/clock.json`, bootId, () => undefined);
    const nowUs = performance.now() * 1_000 + 5e9 + offset.currentUs()!;
    expect(Math.abs(nowUs - Date.now() * 1_000)).toBeLessThan(200_000);
  });
});

describe('a connection', () => {
  const times = { pingMs: 20, silenceMs: 150 };

  it('hands Watch on, and stays while pings are answered', async () => {
    const fake = await collector();
    const { connector, watches } = await agent(fake, { times });
    await until(() => connector.lanes());
    fake.connections[0]!.send({ watch: { sections: [1, 2], rateHz: 10, ttlMs: 15_000 } });
    await until(() => watches.length === 1);
    await new Promise((done) => setTimeout(done, 400));
    expect(fake.connections).toHaveLength(1);
  });

  it('is given up when the other side is silent', async () => {
    const fake = await collector({ silent: true });
    const { logs } = await agent(fake, { times });
    await until(() => fake.connections.length === 2);
    expect(logs.join()).toContain('no sign of life');
  });
});
