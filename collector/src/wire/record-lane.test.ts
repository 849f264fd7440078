import type { Ack, ProtocolError, SealedBatch } from '@foretop/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type IncomingBatch, IngestError, type IngestResult } from '../ingest/ingest.ts';
import { type HeldBatches, RecordLane } from './record-lane.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An ingest whose every answer the test gives. */
class HeldIngest {
  readonly asked: { sequence: number; answer: (result: IngestResult | Error) => Promise<void> }[] = [];

  submit(batch: IncomingBatch): Promise<IngestResult> {
    const { promise, resolve, reject } = Promise.withResolvers<IngestResult>();
    const answer = async (result: IngestResult | Error): Promise<void> => {
      if (typeof result === 'string') resolve(result);
      else reject(result);
      await vi.advanceTimersByTimeAsync(0);
    };
    this.asked.push({ sequence: batch.sequence, answer });
    return promise;
  }
}

function openLane(held: HeldBatches = { bytes: 0, mostBytes: 1 << 30 }) {
  const ingest = new HeldIngest();
  const acks: { sequence: number; quarantined: number[] }[] = [];
  const events: string[] = [];
  const lane = new RecordLane({
    hostId: 1,
    ingest,
    held,
    offsetUs: () => 5.4,
    nowUs: () => 7,
    acknowledge: ({ sequence, quarantined }: Ack) => acks.push({ sequence: sequence!, quarantined: quarantined! }),
    pause: () => events.push('pause'),
    resume: () => events.push('resume'),
    fail: (error: ProtocolError) => events.push(error.close),
  });
  return { ingest, acks, events, lane, held };
}

const batch = (sequence: number, bytes = 100, epoch = 1): SealedBatch => ({
  epoch: new Uint8Array(8).fill(epoch),
  bootId: new Uint8Array(16),
  sequence,
  previousSequence: sequence - 1,
  payload: new Uint8Array(bytes),
  payloadBytes: 1_000,
});

const overloaded = new IngestError('overloaded', 'full');

describe('RecordLane', () => {
  it('acknowledges in order, however ingest answers, and several at once', async () => {
    const { ingest, acks, lane } = openLane();
    for (const sequence of [1, 2, 3]) lane.receive(batch(sequence));
    await ingest.asked[1]!.answer('committed');
    expect(acks).toEqual([]);
    await ingest.asked[0]!.answer('committed');
    expect(acks).toEqual([{ sequence: 2, quarantined: [] }]);
    await ingest.asked[2]!.answer('quarantined');
    expect(acks[1]).toEqual({ sequence: 3, quarantined: [3] });
  });

  it('acknowledges each epoch by itself', async () => {
    const { ingest, acks, lane } = openLane();
    lane.receive(batch(9, 1, 1));
    lane.receive(batch(1, 1, 2));
    await Promise.all([ingest.asked[0]!.answer('duplicate'), ingest.asked[1]!.answer('committed')]);
    expect(acks.map(({ sequence }) => sequence)).toEqual([9, 1]);
  });

  it('takes eight batches at most before it has acknowledged', () => {
    const { lane } = openLane();
    for (let sequence = 1; sequence <= 8; sequence++) lane.receive(batch(sequence));
    expect(() => lane.receive(batch(9))).toThrow(/more than 8 batches/);
  });

  it('gives a full ingest the batches again, in order, and acknowledges only then', async () => {
    const { ingest, acks, events, lane } = openLane();
    for (const sequence of [1, 2, 3]) lane.receive(batch(sequence));
    await ingest.asked[0]!.answer(overloaded);
    // The queue had room again for the second, which without the first is out of order.
    await ingest.asked[1]!.answer('sequence-gap');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ingest.asked).toHaveLength(3);
    await ingest.asked[2]!.answer(overloaded);
    lane.receive(batch(4));
    await vi.advanceTimersByTimeAsync(500);
    expect(ingest.asked.slice(3).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    for (const { answer } of ingest.asked.slice(3)) await answer('committed');
    expect(acks.at(-1)).toEqual({ sequence: 4, quarantined: [] });
    expect(events).toEqual([]);
  });

  it('stops reading from an agent of which it holds too much, until ingest takes it', async () => {
    const { ingest, events, lane, held } = openLane();
    for (const sequence of [1, 2, 3]) lane.receive(batch(sequence, 400_000));
    for (const { answer } of [...ingest.asked]) await answer(overloaded);
    expect([events, lane.paused, held.bytes]).toEqual([['pause'], true, 1_200_000]);
    await vi.advanceTimersByTimeAsync(500);
    expect([events, lane.paused, held.bytes]).toEqual([['pause', 'resume'], false, 0]);
  });

  it('stops reading earlier when all sessions together hold too much', async () => {
    const { ingest, events, lane, held } = openLane({ bytes: 0, mostBytes: 150 });
    lane.receive(batch(1));
    await ingest.asked[0]!.answer(overloaded);
    expect(events).toEqual([]);
    lane.receive(batch(2));
    expect(events).toEqual(['pause']);
    lane[Symbol.dispose]();
    expect(held.bytes).toBe(0);
  });

  it.each<[string, IngestResult | Error, string]>([
    ['a gap that is the agent’s', 'sequence-gap', 'sequence-gap'],
    ['an ingest that stops', new IngestError('stopping', 'stopping'), 'shutting-down'],
    ['any other failure', new Error('boom'), 'overloaded'],
  ])('ends the session for %s', async (_, result, expected) => {
    const { ingest, events, acks, lane } = openLane();
    lane.receive(batch(1));
    await ingest.asked[0]!.answer(result);
    expect([events, acks]).toEqual([[expected], []]);
  });

  it('says nothing after the session ended', async () => {
    const { ingest, events, acks, lane } = openLane();
    lane.receive(batch(1));
    lane.receive(batch(2));
    lane[Symbol.dispose]();
    await ingest.asked[0]!.answer('committed');
    await ingest.asked[1]!.answer('sequence-gap');
    expect([events, acks]).toEqual([[], []]);
  });
});
