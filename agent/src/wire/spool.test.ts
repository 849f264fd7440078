// The spool keeps its order, survives torn and damaged files, and stays within its bounds.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBatch } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordedBatch } from '../../test/recorded-batches.ts';
import { bootId } from '../../test/synthetic-ticks.ts';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { decodeCheckpointStep, encodeCheckpointStep } from '../frame/checkpoint.ts';
import { openSpool, type Spool, type SpoolOptions } from './spool.ts';
import type { SpoolLoss } from './spool-index.ts';

const epochOf = (run: number) => Uint8Array.of(run, 0, 0, 0, 0, 0, 0, 1);

function open(
  directory: string,
  options: Partial<SpoolOptions> = {},
): Spool & { losses: SpoolLoss[]; disk: (string | undefined)[] } {
  const losses: SpoolLoss[] = [];
  const disk: (string | undefined)[] = [];
  const spool = openSpool({
    ...{ directory, epoch: epochOf(1), onLoss: (loss) => losses.push(loss) },
    onDisk: (error) => disk.push(error?.message),
    ...options,
  });
  return Object.assign(spool, { losses, disk });
}

/** What would be sent, in order: [epoch, sequence, previous sequence, number]. */
function contents(spool: Spool): number[][] {
  const list: number[][] = [];
  for (let entry = spool.next(0); entry; entry = spool.next(entry.order)) {
    const batch = spool.read(entry);
    if (!batch) continue;
    const number = openBatch(batch.payload!, batch.payloadBytes!).gaps![0]!.lost!;
    list.push([batch.epoch![0]!, batch.sequence!, batch.previousSequence!, number]);
  }
  return list;
}

const newestFile = (directory: string) => join(directory, readdirSync(directory).sort().at(-1)!);
const bytesOf = (directory: string) =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
const full = (cookie: number) =>
  encodeCheckpointStep({
    bootId,
    aliveUs: cookie,
    full: true,
    entries: decodeCheckpointStep(recordedBatch(cookie).checkpoint).entries,
    ended: [],
  });

describe('spool', () => {
  it('replays byte for byte, in order, over any sequence of appends, acknowledgements and restarts', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.nat(300) }) },
        { weight: 3, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), share: fc.nat(100) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const) }) },
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        using temporary = temporaryDirectory();
        const directory = join(temporary.path, 'spool');
        let run = 1;
        let spool = open(directory, { epoch: epochOf(run) });
        let expected: { run: number; sequence: number; number: number }[] = [];
        let sequence = 0;
        let number = 0;
        for (const step of list) {
          if (step.kind === 'append') {
            spool.append(recordedBatch(++number, step.bytes), 0);
            expected.push({ run, sequence: ++sequence, number });
          } else if (step.kind === 'acknowledge') {
            const last = expected[Math.floor((expected.length * step.share) / 101)];
            if (!last) continue;
            spool.acknowledge(epochOf(last.run), last.sequence);
            expected = expected.filter((batch) => batch.run !== last.run || batch.sequence > last.sequence);
          } else if (step.kind === 'rotate') spool.rotate(full(number));
          else {
            const before = contents(spool);
            spool[Symbol.dispose]();
            spool = open(directory, { epoch: epochOf(++run) });
            sequence = 0;
            const known = new Set(expected.map((batch) => `${batch.run}/${batch.sequence}`));
            // What was acknowledged may come back, since a file goes only as a whole; what was not must.
            const after = contents(spool);
            expect(after.filter(([epoch, at]) => known.has(`${epoch}/${at}`)).map(([, , , value]) => value)).toEqual(
              before.map(([, , , value]) => value),
            );
            for (const [epoch, at] of after)
              if (!known.has(`${epoch}/${at}`)) spool.acknowledge(epochOf(epoch!), Math.min(at!, at!));
            expected = expected.filter((batch) =>
              contents(spool).some(([epoch, at]) => epoch === batch.run && at === batch.sequence),
            );
            expect(expected).toHaveLength(known.size);
          }
          expect(contents(spool).map(([epoch, at, , value]) => ({ run: epoch, sequence: at, number: value }))).toEqual(
            expected,
          );
        }
        expect(spool.losses).toEqual([]);
        spool[Symbol.dispose]();
      }),
      { numRuns: 60 },
    );
  });

  it('cuts a torn last record wherever it ends, and no other', () => {
    using temporary = temporaryDirectory();
    const original = join(temporary.path, 'original');
    const spool = open(original);
    for (const number of [1, 2, 3]) spool.append(recordedBatch(number, 40), 0);
    const beforeLast = statSync(newestFile(original)).size;
    spool.append(recordedBatch(4, 40), 0);
    spool[Symbol.dispose]();
    const whole = statSync(newestFile(original)).size;
    for (let size = beforeLast; size < whole; size += 23) {
      const directory = join(temporary.path, `cut-${size}`);
      cpSync(original, directory, { recursive: true });
      truncateSync(newestFile(directory), size);
      const again = open(directory, { epoch: epochOf(2) });
      expect(contents(again)).toEqual([1, 2, 3].map((number) => [1, number, number - 1, number]));
      expect(again.checkpoint?.entries.has('6:1003')).toBe(false);
      expect([...again.checkpoint!.entries.values()].map(({ connection }) => connection.cookie)).toEqual([1, 2, 3]);
      expect(again.cutBytes).toBe(size - beforeLast);
      expect(again.losses).toEqual([]);
      again.append(recordedBatch(9), 0);
      expect(contents(again).at(-1)).toEqual([2, 1, 0, 9]);
      again[Symbol.dispose]();
    }
  });

  it('drops a batch that is damaged on disk while it runs, and says so', () => {
    using temporary = temporaryDirectory();
    const spool = open(temporary.path);
    for (const number of [1, 2, 3]) spool.append(recordedBatch(number, 400), 0);
    const file = newestFile(temporary.path);
    const content = readFileSync(file);
    content[Math.floor(content.length / 2)]! ^= 0xff;
    writeFileSync(file, content);
    expect(contents(spool).map(([, , , number]) => number)).toEqual([1, 3]);
    expect(spool.losses).toMatchObject([{ why: 'damaged', batches: 1, startUs: 2 }]);
    expect(contents(spool).at(-1)).toEqual([1, 3, 1, 3]);
    spool[Symbol.dispose]();
  });

  it('stays within its bytes by dropping the oldest file, and names what came before', () => {
    using temporary = temporaryDirectory();
    const spool = open(temporary.path, { maxBytes: 40_000, fileBytes: 8_000 });
    spool.append(recordedBatch(1), 0);
    spool.acknowledge(epochOf(1), 1);
    for (let number = 2; number <= 200; number++) {
      spool.append(recordedBatch(number, 1_000), 0);
      if (spool.isFileFull()) spool.rotate(full(number));
      expect(bytesOf(temporary.path)).toBeLessThanOrEqual(40_000);
    }
    const left = contents(spool);
    const first = left[0]!;
    expect(left.map(([, sequence]) => sequence)).toEqual(
      Array.from({ length: left.length }, (_, i) => 200 - left.length + 1 + i),
    );
    expect(first[2]).toBe(1);
    expect(left[1]![2]).toBe(first[1]);
    expect(spool.losses.reduce((sum, { batches }) => sum + batches, 0)).toBe(199 - left.length);
    expect(spool.losses[0]).toMatchObject({ why: 'full', startUs: 2 });
    expect(spool.epochs()).toEqual([{ epoch: epochOf(1), firstSequence: first[1], lastSequence: 200 }]);
    spool[Symbol.dispose]();
    const again = open(temporary.path, { epoch: epochOf(2) });
    expect(again.checkpoint?.aliveUs).toBe(200);
    expect(contents(again)[0]).toEqual([1, first[1], 0, first[3]]);
    again[Symbol.dispose]();
  });

  it('removes files once everything in them is acknowledged, but keeps the checkpoint', () => {
    using temporary = temporaryDirectory();
    const spool = open(temporary.path, { fileBytes: 2_000 });
    for (let number = 1; number <= 20; number++) {
      spool.append(recordedBatch(number, 500), 0);
      if (spool.isFileFull()) spool.rotate(full(number));
    }
    expect(readdirSync(temporary.path).length).toBeGreaterThan(3);
    spool.acknowledge(epochOf(1), 20);
    expect(readdirSync(temporary.path)).toHaveLength(1);
    expect(spool.counters()).toMatchObject({ batches: 0 });
    spool[Symbol.dispose]();
    const again = open(temporary.path, { epoch: epochOf(2) });
    expect(again.checkpoint?.aliveUs).toBe(20);
    again[Symbol.dispose]();
  });

  it('lists no more epochs than a Hello may, dropping the oldest', () => {
    using temporary = temporaryDirectory();
    for (let run = 1; run <= 70; run++) {
      const spool = open(temporary.path, { epoch: epochOf(run) });
      spool.append(recordedBatch(run), 0);
      spool[Symbol.dispose]();
    }
    const spool = open(temporary.path, { epoch: epochOf(71) });
    spool.append(recordedBatch(71), 0);
    expect(spool.epochs().length).toBeLessThanOrEqual(64);
    expect(contents(spool).at(-1)).toEqual([71, 1, 0, 71]);
    expect(spool.losses).toMatchObject([{ why: 'epochs' }]);
    spool[Symbol.dispose]();
  });

  it('is private', () => {
    using temporary = temporaryDirectory();
    const directory = join(temporary.path, 'spool');
    const spool = open(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(newestFile(directory)).mode & 0o777).toBe(0o600);
    spool[Symbol.dispose]();
  });
});

const noMount = process.getuid?.() === 0 ? false : 'a small tmpfs needs root';
if (noMount) console.warn(`spool on a full disk: not tested, ${noMount}`);

describe.skipIf(noMount)('spool on a full disk', () => {
  it('goes on in memory, bounded, says so once, and writes again when there is room', () => {
    using temporary = temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', temporary.path]);
    try {
      const directory = join(temporary.path, 'spool');
      const spool = open(directory, { memoryBytes: 60_000 });
      for (let number = 1; number <= 60; number++) spool.append(recordedBatch(number, 10_000), 0);
      expect(spool.disk).toHaveLength(1);
      expect(spool.disk[0]).toContain('ENOSPC');
      const { memoryBatches } = spool.counters();
      expect(memoryBatches).toBeGreaterThan(3);
      expect(memoryBatches).toBeLessThan(10);
      const left = contents(spool).map(([, , , number]) => number!);
      expect(left.at(-1)).toBe(60);
      expect(spool.losses.every(({ why }) => why === 'disk-full')).toBe(true);
      expect(left.length + spool.losses.length).toBe(60);
      const onDisk = left.length - memoryBatches;
      spool.acknowledge(epochOf(1), onDisk);
      spool.rotate(full(60));
      spool.append(recordedBatch(61), 0);
      expect(spool.disk).toEqual([spool.disk[0], undefined]);
      expect(spool.counters().memoryBatches).toBe(0);
      const expected = contents(spool);
      spool[Symbol.dispose]();
      const again = open(directory, { epoch: epochOf(2) });
      expect(contents(again).map(([, , , number]) => number)).toEqual(expected.map(([, , , number]) => number));
      again[Symbol.dispose]();
    } finally {
      execFileSync('umount', ['--lazy', temporary.path]);
    }
  });
});
