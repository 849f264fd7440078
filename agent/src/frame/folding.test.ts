// Folding keeps sums and counts.
import { Direction } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connection } from '../../test/synthetic-ticks.ts';
import { foldAbove, foldCloses } from './folding.ts';
import type { SegmentRow } from './segments.ts';

const row = fc
  .record({
    pid: fc.integer({ min: 1, max: 3 }),
    remotePort: fc.constantFrom(53, 443),
    last: fc.integer({ min: 1, max: 3 }),
    rxBytes: fc.option(fc.nat(1e9), { nil: undefined }),
    closed: fc.boolean(),
    ended: fc.boolean(),
    startUs: fc.nat(4_000_000),
  })
  .map(({ pid, remotePort, last, rxBytes, closed, ended, startUs }): SegmentRow => ({
    connection: connection({ pid, remotePort, remoteAddress: Uint8Array.of(10, 0, 0, last) }),
    ...{ startedUs: startUs, startedBefore: false, startUs, endUs: startUs + 1_000_000, closed, connectionCount: 1 },
    ...(rxBytes === undefined ? {} : { rxBytes }),
    ...(ended ? { ended: ['6:1'] } : {}),
  }));

const total = (rows: SegmentRow[], of: (row: SegmentRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);

describe('foldCloses', () => {
  it('keeps sums and counts, and leaves no more than the bound of a group', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 600 }), (rows) => {
        const folded = foldCloses(rows);
        expect(total(folded, ({ connectionCount }) => connectionCount)).toBe(rows.length);
        expect(total(folded, ({ rxBytes }) => rxBytes ?? 0)).toBe(total(rows, ({ rxBytes }) => rxBytes ?? 0));
        const whole = folded.filter(({ closed, ended }) => closed && !ended);
        for (const pid of [1, 2, 3]) {
          for (const port of [53, 443]) {
            const group = whole.filter(({ connection: { pid: p, remotePort } }) => p === pid && remotePort === port);
            expect(group.length).toBeLessThanOrEqual(foldAbove);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leaves open rows, and ends of connections that have rows already, as they are', () => {
    const kept: SegmentRow[] = Array.from({ length: 200 }, (_, index) => ({
      connection: connection({ handle: index }),
      ...{ startedUs: 0, startedBefore: false, startUs: 0, endUs: 1, connectionCount: 1 },
      ...(index % 2 ? { closed: true, ended: [`6:${index}`] } : { closed: false }),
    }));
    expect(foldCloses(kept)).toEqual(kept);
  });

  it('groups a server by its own port and zeroes what differs', () => {
    const served = Array.from({ length: 60 }, (_, index) => ({
      connection: connection({ direction: Direction.DIRECTION_INBOUND, localPort: 80, remotePort: 5_000 + index }),
      ...{
        startedUs: index,
        startedBefore: false,
        startUs: index,
        endUs: 100 + index,
        closed: true,
        connectionCount: 1,
      },
      txBytes: 2,
    }));
    const [folded, ...rest] = foldCloses(served);
    expect(rest).toEqual([]);
    expect(folded).toMatchObject({ startUs: 0, endUs: 159, connectionCount: 60, txBytes: 120 });
    expect(folded!.connection).toMatchObject({
      localPort: 80,
      remotePort: 0,
      remoteAddress: Uint8Array.of(10, 0, 0, 2),
    });
  });
});
