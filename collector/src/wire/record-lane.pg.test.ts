import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealBatch, segmentOf } from '../../test/batches.ts';
import type { TestAgent } from '../../test/test-agent.ts';
import { openTestWire, type TestWire } from '../../test/wire.ts';

let wire: TestWire;

beforeAll(async () => {
  wire = await openTestWire();
});

afterAll(() => wire[Symbol.asyncDispose]());

describe('record lane', () => {
  const sealed = (agent: TestAgent, hostId: number, epoch: Uint8Array, sequence: number, cookie = sequence) => {
    const host = { ...agent.identity, hostId, epoch };
    const { payload, payloadBytes } = sealBatch(host, sequence, {
      segments: [segmentOf(host, cookie, { closed: true })],
    });
    return { epoch, sequence, previousSequence: sequence - 1, payload, payloadBytes };
  };
  const rows = async (hostId: number): Promise<number> => {
    const found = await wire.store.db
      .selectFrom('connection_segment')
      .select('seg_end')
      .where('host_id', '=', hostId)
      .execute();
    return found.length;
  };

  it('acknowledges after the commit, several batches at once, and a duplicate again', async () => {
    const { agent, hostId } = await wire.enrolled();
    const epoch = randomBytes(8);
    for (let sequence = 1; sequence <= 5; sequence++) agent.batch(sealed(agent, hostId, epoch, sequence));
    let acknowledged = 0;
    let acks = 0;
    while (acknowledged < 5) {
      acknowledged = (await agent.next('ack')).sequence!;
      expect(await rows(hostId)).toBeGreaterThanOrEqual(acknowledged);
      acks++;
    }
    expect(acks).toBeLessThan(5);
    agent.batch(sealed(agent, hostId, epoch, 3));
    expect((await agent.next('ack')).sequence).toBe(3);
    expect(await rows(hostId)).toBe(5);
    agent[Symbol.dispose]();
  });

  it('lands rows where they belong, though the host was off by ten years', async () => {
    const { agent, hostId } = await wire.enrolled();
    agent.batch({
      ...sealed(agent, hostId, randomBytes(8), 1),
      clock: { bootId: agent.identity.bootId, boottimeUs: agent.boottimeUs(), wallUs: 1 },
    });
    await agent.next('ack');
    const [row] = await wire.store.db
      .selectFrom('connection_segment')
      .select('seg_end')
      .where('host_id', '=', hostId)
      .execute();
    expect(Math.abs(row!.seg_end.getTime() - Date.now())).toBeLessThan(2_000);
    agent[Symbol.dispose]();
  });

  it('closes for a batch that came out of order', async () => {
    const { agent, hostId } = await wire.enrolled();
    agent.batch(sealed(agent, hostId, randomBytes(8), 7));
    expect((await agent.ended).name).toBe('sequence-gap');
    expect(await rows(hostId)).toBe(0);
  });

  it('names a batch that cannot be opened, and goes on with the next', async () => {
    const { agent, hostId } = await wire.enrolled();
    const epoch = randomBytes(8);
    agent.batch({ ...sealed(agent, hostId, epoch, 1), payload: randomBytes(50) });
    expect(await agent.next('ack')).toMatchObject({ sequence: 1, quarantined: [1] });
    agent.batch(sealed(agent, hostId, epoch, 2));
    expect(await agent.next('ack')).toMatchObject({ sequence: 2, quarantined: [] });
    expect(await rows(hostId)).toBe(1);
    agent[Symbol.dispose]();
  });

  it('says in Welcome what it has of each epoch, and writes a gap for what the spool dropped', async () => {
    const { agent, hostId } = await wire.enrolled();
    const [known, dropped, fresh] = [randomBytes(8), randomBytes(8), randomBytes(8)];
    agent.batch(sealed(agent, hostId, known, 1));
    await agent.next('ack');
    using again = wire.connect(agent.identity);
    const epochs = [
      { epoch: known, firstSequence: 1, lastSequence: 4 },
      { epoch: dropped, firstSequence: 11, lastSequence: 12 },
      { epoch: fresh, firstSequence: 1, lastSequence: 1 },
    ];
    again.send({ hello: await again.hello({ epochs }) });
    const { acknowledged } = await again.next('welcome');
    expect(acknowledged!.map(({ epoch, sequence }) => [Buffer.from(epoch!).toString('hex'), sequence])).toEqual([
      [known.toString('hex'), 1],
      [dropped.toString('hex'), 10],
    ]);
    const gaps = await wire.store.db
      .selectFrom('gap')
      .select(['reason', 'lost'])
      .where('host_id', '=', hostId)
      .execute();
    expect(gaps).toEqual([{ reason: 'spool-overflow', lost: 10 }]);
    again.batch(sealed(again, hostId, dropped, 11));
    expect((await again.next('ack')).sequence).toBe(11);
  });

  it.each([
    ['epoch', { epoch: randomBytes(7) }, 'malformed-frame'],
    ['sequence', { sequence: 1, previousSequence: 1 }, 'malformed-frame'],
    ['sequence beyond 2^53', { sequence: 2 ** 60 }, 'malformed-frame'],
    ['boot id', { bootId: randomBytes(1) }, 'malformed-frame'],
    ['payload size', { payload: randomBytes((512 << 10) + 1) }, 'frame-too-large'],
    ['body size', { payloadBytes: 9 << 20 }, 'frame-too-large'],
  ] as const)('closes for a batch with a wrong %s', async (_, changes, expected) => {
    const { agent, hostId } = await wire.enrolled();
    agent.batch({ ...sealed(agent, hostId, randomBytes(8), 1), ...changes });
    expect((await agent.ended).name).toBe(expected);
  });
});
