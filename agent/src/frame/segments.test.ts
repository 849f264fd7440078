// Segments add up to the counters, whatever happens to the agent in between.
import { BatchBody, limits, type ConnectionSegment } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootId, byHandle, connection, secondUs, tick } from '../../test/synthetic-ticks.ts';
import type { TrackedConnection } from '../collect/tick.ts';
import { applyCheckpointStep, decodeCheckpointStep, type Checkpoint } from './checkpoint.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { createSegments } from './segments.ts';

interface Actual {
  rx: number;
  tx: number;
  /** What had moved before any run of the agent that left a checkpoint looked. */
  baseRx: number;
  baseTx: number;
  closed: 'no' | 'seen' | 'unseen';
}

/** A host whose connections move bytes, and an agent on it that flushes, stalls, is killed and starts again. */
class World {
  nowUs = 1_000 * secondUs;
  readonly emitted = new Map<number, ConnectionSegment[]>();
  readonly gaps: string[] = [];
  readonly actual = new Map<number, Actual>();
  #open = new Map<number, TrackedConnection>();
  #closed: TrackedConnection[] = [];
  #opened: TrackedConnection[] = [];
  #recorder: Recorder;
  #checkpoint: Checkpoint | undefined;
  #handles = 0;
  #cookies = 0;
  #lastTickUs: number | undefined;
  #isFirstRun = true;
  disturbed = false;

  constructor() {
    this.#recorder = this.#start();
  }

  #start(): Recorder {
    this.#lastTickUs = undefined;
    this.#isFirstRun = this.#checkpoint === undefined;
    return createRecorder({ bootId, offsetUs: () => 0, ...(this.#checkpoint ? { checkpoint: this.#checkpoint } : {}) });
  }

  open(): void {
    const cookie = ++this.#cookies;
    this.actual.set(cookie, { rx: 0, tx: 0, baseRx: 0, baseTx: 0, closed: 'no' });
    const handle = ++this.#handles;
    const opened = connection({
      handle,
      cookie,
      startedUs: this.nowUs,
      lastSeenUs: this.nowUs,
      rxBytes: 0,
      txBytes: 0,
    });
    this.#open.set(handle, opened);
    this.#opened.push(opened);
  }

  /** Changes the collector's object in place, as it may. */
  move(pick: number, rx: number, tx: number): void {
    const moving = this.#pick(pick);
    const actual = moving && this.actual.get(moving.cookie);
    if (!moving || !actual) return;
    moving.rxBytes = actual.rx += rx;
    moving.txBytes = actual.tx += tx;
  }

  close(pick: number): void {
    const closing = this.#pick(pick);
    if (!closing) return;
    closing.closedUs = this.nowUs;
    this.#open.delete(closing.handle);
    this.#closed.push(closing);
  }

  #pick(pick: number): TrackedConnection | undefined {
    const list = [...this.#open.values()];
    return list[pick % Math.max(1, list.length)];
  }

  look(afterUs: number): void {
    this.nowUs += afterUs;
    if (afterUs > 5 * secondUs) this.disturbed = true;
    for (const closed of this.#closed) this.actual.get(closed.cookie)!.closed = 'seen';
    if (this.#lastTickUs === undefined && this.#isFirstRun) this.#lookFirst();
    const previousUs = this.#lastTickUs ?? this.nowUs;
    this.#recorder.observe(
      tick(this.nowUs, { previousUs, connections: this.#open, opened: this.#opened, closed: this.#closed }),
    );
    this.#lastTickUs = this.nowUs;
    this.#opened = [];
    this.#closed = [];
  }

  /** The first look of all: what older connections moved until now is nobody's. */
  #lookFirst(): void {
    for (const { cookie, startedBefore } of [...this.#open.values(), ...this.#closed]) {
      const state = this.actual.get(cookie)!;
      if (startedBefore) Object.assign(state, { baseRx: state.rx, baseTx: state.tx });
    }
  }

  /** Only after a look, as the agent does. */
  flush(final = false): void {
    if (this.#lastTickUs === undefined) return;
    for (const batch of this.#recorder.flush(final)) {
      const body = BatchBody.decode(batch.body);
      for (const segment of body.segments) {
        const list = this.emitted.get(segment.cookie!) ?? [];
        this.emitted.set(segment.cookie!, [...list, segment]);
      }
      this.gaps.push(...body.gaps.map(({ reason }) => reason!));
      this.#checkpoint = applyCheckpointStep(this.#checkpoint, decodeCheckpointStep(batch.checkpoint));
    }
    this.#checkpoint = applyCheckpointStep(this.#checkpoint, decodeCheckpointStep(this.#recorder.mark()));
  }

  /** What was not flushed is forgotten; connections go on, or end unseen, while nobody looks. */
  kill(downUs: number, closes: number): void {
    this.disturbed = true;
    this.nowUs += downUs;
    for (let i = 0; i < closes; i++) this.close(i);
    for (const closed of this.#closed) this.actual.get(closed.cookie)!.closed = 'unseen';
    for (const [cookie, state] of this.actual) {
      const isFlushed = this.emitted.get(cookie)?.some(({ closed }) => closed);
      if (state.closed === 'seen' && !isFlushed) state.closed = 'unseen';
    }
    this.#closed = [];
    const again = [...this.#open.values()].map((entry) => ({
      ...entry,
      handle: ++this.#handles,
      startedUs: this.nowUs,
      startedBefore: true,
    }));
    this.#open = byHandle(...again);
    this.#opened = again;
    this.#recorder = this.#start();
  }

  sum(cookie: number): { rx: number; tx: number } {
    const rows = this.emitted.get(cookie) ?? [];
    return {
      rx: rows.reduce((sum, { rxBytes }) => sum + (rxBytes ?? 0), 0),
      tx: rows.reduce((sum, { txBytes }) => sum + (txBytes ?? 0), 0),
    };
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant((world: World) => world.open()) },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.nat(50), fc.nat(1e6), fc.nat(1e6)).map(
        ([pick, rx, tx]) =>
          (world: World) =>
            world.move(pick, rx, tx),
      ),
    },
    { weight: 2, arbitrary: fc.nat(50).map((pick) => (world: World) => world.close(pick)) },
    {
      weight: 6,
      arbitrary: fc.integer({ min: 900, max: 4_900 }).map((ms) => (world: World) => world.look(ms * 1_000)),
    },
    { weight: 1, arbitrary: fc.integer({ min: 6, max: 2_000 }).map((s) => (world: World) => world.look(s * secondUs)) },
    { weight: 4, arbitrary: fc.constant((world: World) => world.flush()) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 2_000 }), fc.nat(3)).map(
        ([seconds, closes]) =>
          (world: World) =>
            world.kill(seconds * secondUs, closes),
      ),
    },
  ),
  { maxLength: 80 },
);

function live(list: ((world: World) => void)[]): World {
  const world = new World();
  for (const step of list) step(world);
  world.look(secondUs);
  world.flush(true);
  return world;
}

describe('segments', () => {
  it('add up to the last counters of every connection that is open or was seen to close', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const world = live(list);
        for (const [cookie, { rx, tx, baseRx, baseTx, closed }] of world.actual) {
          const sum = world.sum(cookie);
          if (closed === 'unseen') expect(sum.rx).toBeLessThanOrEqual(rx);
          else expect(sum, `connection ${cookie}, closed: ${closed}`).toEqual({ rx: rx - baseRx, tx: tx - baseTx });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never longer than 300 s, follow each other without overlap, and end with one closed row', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const world = live(list);
        for (const [cookie, rows] of world.emitted) {
          let untilUs = 0;
          for (const [index, { startUs, endUs, closed }] of rows.entries()) {
            expect(endUs! - startUs!).toBeLessThanOrEqual(limits.segmentSpanUs);
            expect(startUs).toBeLessThanOrEqual(endUs!);
            expect(startUs).toBeGreaterThanOrEqual(untilUs);
            if (!world.disturbed && index > 0) expect(startUs).toBe(untilUs);
            expect(closed === true).toBe(world.actual.get(cookie)!.closed !== 'no' && index === rows.length - 1);
            untilUs = endUs!;
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('cover an open connection without a hole for an hour, at most 300 s each', () => {
    const segments = createSegments();
    const open = byHandle(...Array.from({ length: 200 }, (_, index) => connection({ handle: index + 1, rxBytes: 5 })));
    const rows = new Map<number, { startUs: number; endUs: number }[]>();
    const perFlush: number[] = [];
    for (let second = 1; second <= 3_600; second++) {
      segments.observe(tick(second * secondUs, { connections: open }));
      if (second % 5 !== 0) continue;
      const flushed = segments.flush(second * secondUs, false).rows;
      perFlush.push(flushed.length);
      for (const row of flushed) rows.set(row.connection.handle, [...(rows.get(row.connection.handle) ?? []), row]);
    }
    expect(perFlush[0]).toBe(200);
    expect(Math.max(...perFlush.slice(1))).toBeLessThan(20);
    for (const list of rows.values()) {
      expect(list.length).toBeLessThan(16);
      list.slice(1).forEach((row, index) => expect(row.startUs).toBe(list[index]!.endUs));
      expect(3_600 * secondUs - list.at(-1)!.endUs).toBeLessThan(limits.segmentSpanUs);
    }
  });

  it('leave out what an older connection had moved before the agent first looked', () => {
    const segments = createSegments();
    const older = connection({ rxBytes: 9_000_000, txBytes: 40, startedBefore: true });
    segments.observe(tick(secondUs, { connections: byHandle(older) }));
    older.rxBytes = 9_000_700;
    segments.observe(tick(2 * secondUs, { connections: byHandle(older) }));
    expect(segments.flush(2 * secondUs, false).rows[0]).toMatchObject({ rxBytes: 700, txBytes: 0 });
  });

  it('give no rows for the TIME_WAIT remainder of a connection that has closed', () => {
    const segments = createSegments();
    const remainder = connection({ handle: 2, state: 6, remainder: true });
    segments.observe(tick(secondUs, { connections: byHandle(remainder), opened: [remainder] }));
    expect(segments.flush(secondUs, true).rows).toEqual([]);
    segments.observe(tick(9 * secondUs, { previousUs: secondUs, closed: [remainder] }));
    expect(segments.flush(9 * secondUs, true).rows).toEqual([]);
  });

  it('take a counter that fell as one that began again, and keep unknown unknown', () => {
    const segments = createSegments();
    const moving = connection({ rxBytes: 1_000 });
    const flush = (second: number) => {
      segments.observe(tick(second * secondUs, { connections: byHandle(moving) }));
      return segments.flush(second * secondUs, true).rows[0];
    };
    expect(flush(1)).toMatchObject({ rxBytes: 1_000, txBytes: undefined });
    moving.rxBytes = 300;
    expect(flush(2)).toMatchObject({ rxBytes: 300 });
    delete moving.rxBytes;
    expect(flush(3)?.rxBytes).toBeUndefined();
    moving.rxBytes = 450;
    expect(flush(4)).toMatchObject({ rxBytes: 150 });
  });

  it('end a row before a stall and say that the bytes until then are unknown', () => {
    const segments = createSegments();
    const idle = byHandle(connection({ rxBytes: 10 }));
    segments.observe(tick(5 * secondUs, { connections: idle }));
    segments.flush(5 * secondUs, false);
    segments.observe(tick(20 * secondUs, { previousUs: 19 * secondUs, connections: idle }));
    segments.observe(tick(4_000 * secondUs, { previousUs: 20 * secondUs, connections: idle }));
    const [cut] = segments.flush(4_000 * secondUs, false).rows;
    expect(cut).toMatchObject({ startUs: 5 * secondUs, endUs: 20 * secondUs, closed: false });
    expect(cut?.rxBytes).toBeUndefined();
    const [after] = segments.flush(4_001 * secondUs, true).rows;
    expect(after!.endUs - after!.startUs).toBeLessThanOrEqual(limits.segmentSpanUs);
  });

  it('close what vanished while the agent did not run', () => {
    const gone = connection({ handle: 9, rxBytes: 70, startedUs: 1 });
    const restored = {
      bootId,
      aliveUs: 60 * secondUs,
      entries: new Map([[`6:${gone.cookie}`, { connection: gone, endUs: 55 * secondUs }]]),
    };
    const segments = createSegments({ restored });
    segments.observe(tick(500 * secondUs, { failures: [{ source: 'sock_diag', message: 'not read' }] }));
    expect(segments.flush(500 * secondUs, false).rows).toEqual([]);
    segments.observe(tick(501 * secondUs));
    const [row] = segments.flush(501 * secondUs, false).rows;
    expect(row).toMatchObject({ closed: true, startUs: 55 * secondUs, endUs: 60 * secondUs, startedUs: 1 });
    expect(row?.rxBytes).toBeUndefined();
  });

  it('give a connection that closed before a restart no second end', () => {
    const world = new World();
    world.open();
    world.look(secondUs);
    world.flush();
    world.close(0);
    world.look(secondUs);
    world.flush();
    world.kill(secondUs, 0);
    world.look(secondUs);
    world.flush();
    expect(world.emitted.get(1)!.map(({ closed }) => closed)).toEqual([false, true]);
    expect(world.gaps).toEqual(['agent-stopped']);
  });

  it('put off what exceeds the cap, but lose closed connections and count them', () => {
    const segments = createSegments({ rowsMax: 10 });
    const open = byHandle(...Array.from({ length: 15 }, (_, index) => connection({ handle: index + 1 })));
    segments.observe(tick(5 * secondUs, { connections: open }));
    expect(segments.flush(5 * secondUs, false)).toMatchObject({ rows: { length: 10 }, lost: 0 });
    expect(segments.flush(10 * secondUs, false)).toMatchObject({ rows: { length: 5 }, lost: 0 });
    const closed = Array.from({ length: 12 }, (_, index) => connection({ handle: index + 1, closedUs: 11 * secondUs }));
    segments.observe(tick(11 * secondUs, { closed }));
    expect(segments.flush(15 * secondUs, false)).toMatchObject({ rows: { length: 10 }, lost: 2 });
  });
});
