// The memory spool: order, acknowledgement, and what goes when it is full.
import { expect, test } from 'vitest';
import { noRows } from './counts.ts';
import { MemorySpool, type SpooledBatch } from './spool.ts';

function batch(sequence: number): SpooledBatch {
  const rows = { ...noRows(), batches: 1, segments: sequence };
  return {
    sequence,
    previousSequence: sequence - 1,
    payload: new Uint8Array(10),
    payloadBytes: 20,
    rows,
    startUs: 0,
    endUs: 1,
  };
}

function filled(bytesMax: number, count: number): { spool: MemorySpool; gone: number[] } {
  const spool = new MemorySpool(bytesMax);
  const gone: number[] = [];
  for (let sequence = 1; sequence <= count; sequence++)
    gone.push(...spool.push(batch(sequence)).map((lost) => lost.sequence));
  return { spool, gone };
}

test('an acknowledgement takes everything up to its sequence, once', () => {
  const { spool } = filled(1_000, 4);
  spool.acknowledge(3);
  spool.acknowledge(3);
  expect(spool.acknowledged).toMatchObject({ batches: 3, segments: 1 + 2 + 3 });
  expect(spool.held(new Uint8Array(8))).toMatchObject([{ firstSequence: 4, lastSequence: 4 }]);
});

test('a full spool drops the oldest, counts them, and the next one says what it follows', () => {
  const { spool, gone } = filled(30, 5);
  expect(gone).toEqual([1, 2]);
  expect(spool.dropped).toMatchObject({ batches: 2, segments: 3 });
  expect(spool.after(0)).toMatchObject({ sequence: 3, previousSequence: 0 });
  expect(spool.after(3)).toMatchObject({ sequence: 4, previousSequence: 3 });
});

test('what is on its way is not dropped until the connection ends', () => {
  const { spool } = filled(30, 2);
  spool.after(0);
  expect([...spool.push(batch(3)), ...spool.push(batch(4))].map(({ sequence }) => sequence)).toEqual([2]);
  expect(spool.after(1)).toMatchObject({ sequence: 3, previousSequence: 1 });
  spool.rewind();
  expect(spool.push(batch(5)).map(({ sequence }) => sequence)).toEqual([1]);
});

test('an empty spool announces no epoch', () => {
  expect(new MemorySpool(10).held(new Uint8Array(8))).toEqual([]);
});
