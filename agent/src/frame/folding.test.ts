// Folding keeps sums and counts.
import { Direction } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connection } from '../../test/synthetic-ticks.ts';
import { ClosedRows, foldAbove, type FoldingBounds } from './folding.ts';
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

/** What a flush takes, and how many found no room. */
function fold(rows: readonly SegmentRow[], bounds?: FoldingBounds): { folded: SegmentRow[]; lost: number } {
  const waiting = new ClosedRows(bounds);
  const lost = rows.filter((row) => !waiting.add(row)).length;
  return { folded: waiting.take(), lost };
}

const total = (rows: SegmentRow[], of: (row: SegmentRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);

describe('rows of closed connections', () => {
  it('keeps sums and counts, and leaves no more than the bound of a group', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 600 }), (rows) => {
        const { folded } = fold(rows);
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
    expect(fold(kept).folded).toEqual(kept);
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
    const [folded, ...rest] = fold(served).folded;
    expect(rest).toEqual([]);
    expect(folded).toMatchObject({ startUs: 0, endUs: 159, connectionCount: 60, txBytes: 120 });
    expect(folded!.connection).toMatchObject({
      localPort: 80,
      remotePort: 0,
      remoteAddress: Uint8Array.of(10, 0, 0, 2),
    });
  });

  it('of many services are folded by process beyond a bound, and only beyond a second one lost', () => {
    const bounds = { coarseAbove: 100, rowsMax: 110 };
    const to = (pid: number, remotePort: number): SegmentRow => ({
      connection: connection({ pid, remotePort }),
      ...{ startedUs: 1, startedBefore: false, startUs: 1, endUs: 2, closed: true, connectionCount: 1, rxBytes: 3 },
    });
    const probes = Array.from({ length: 5_000 }, (_, index) => to(1 + (index % 2), index + 1));
    const { folded, lost } = fold(probes, bounds);
    expect(lost).toBe(0);
    expect(folded).toHaveLength(102);
    expect(folded.at(-1)).toMatchObject({
      connectionCount: 2_450,
      rxBytes: 7_350,
      connection: { pid: 2, remotePort: 0 },
    });
    const others = Array.from({ length: 20 }, (_, index) => to(100 + index, 1));
    expect(fold([...probes, ...others], bounds)).toMatchObject({ folded: { length: 110 }, lost: 12 });
  });

  it('leave the connections that they are folded from as they were', () => {
    const rows = Array.from({ length: 60 }, (_, index): SegmentRow => ({
      connection: connection({ remoteAddress: Uint8Array.of(10, 0, 0, index) }),
      ...{ startedUs: 1, startedBefore: false, startUs: 1, endUs: 2, closed: true, connectionCount: 1, rxBytes: 3 },
    }));
    const copy = structuredClone(rows);
    expect(fold(rows).folded).toMatchObject([{ connectionCount: 60 }]);
    expect(rows).toEqual(copy);
  });
});
