// A spool file yields exactly the records before the first bad byte.
import { describe, expect, it } from 'vitest';
import { recordedBatch } from '../../test/recorded-batches.ts';
import { bootId } from '../../test/synthetic-ticks.ts';
import { decodeBatch, encodeBatchRecord, encodeRecord, fileMagic, scanFile } from './spool-file.ts';

const batch = (sequence: number) => {
  const { body, checkpoint } = recordedBatch(sequence, 20);
  const header = {
    epoch: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    bootId,
    sequence,
    wallOffsetUs: -1.5e15,
    startUs: 1,
    endUs: 2,
  };
  return { ...header, bodyBytes: body.length, rows: 3, payload: body, checkpoint };
};
const batches = [1, 2, 3, 4].map(batch);
const records = batches.map(encodeBatchRecord);
const file = Buffer.concat([fileMagic, ...records]);
const endOf = (count: number) =>
  fileMagic.length + records.slice(0, count).reduce((sum, { length }) => sum + length, 0);
/** How many records lie wholly before a byte. */
const wholeBefore = (at: number) => [0, 1, 2, 3, 4].findLast((count) => count === 0 || endOf(count) <= at)!;

describe('spool file', () => {
  it('gives back what was written', () => {
    const { records: found, goodBytes } = scanFile(file);
    expect(goodBytes).toBe(file.length);
    const plain = (content: object) =>
      Object.fromEntries(
        Object.entries(content).map(([name, value]) => [
          name,
          value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
        ]),
      );
    expect(found.map(({ content }) => plain(decodeBatch(content)))).toEqual(batches.map(plain));
  });

  it('ends before a cut, at whatever byte', () => {
    for (let size = 0; size < file.length; size++) {
      const { records: found, goodBytes } = scanFile(file.subarray(0, size));
      expect(found).toHaveLength(wholeBefore(size));
      expect(goodBytes).toBe(size < fileMagic.length ? 0 : endOf(found.length));
    }
  });

  it('ends before a record with any bit flipped', () => {
    for (let at = 0; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at]! ^= 1 << (at % 8);
      expect(scanFile(damaged).records).toHaveLength(at < fileMagic.length ? 0 : wholeBefore(at));
    }
  });

  it('ends before a record of an unknown kind, a length beyond the end, and zeros', () => {
    const unknown = encodeRecord(9 as never, Buffer.alloc(4));
    expect(scanFile(Buffer.concat([file, unknown])).records).toHaveLength(4);
    expect(scanFile(Buffer.concat([file, Buffer.alloc(4_096)])).records).toHaveLength(4);
    expect(scanFile(Buffer.concat([file, Buffer.alloc(9, 0xff)])).records).toHaveLength(4);
  });
});
