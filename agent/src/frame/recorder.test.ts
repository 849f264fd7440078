// From ticks to batch bodies: what is in them, how they are cut, what the ledger of gaps says.
import { BatchBody, Direction, limits } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { bootId, byHandle, connection, process, secondUs, tick } from '../../test/synthetic-ticks.ts';
import { decodeCheckpointStep } from './checkpoint.ts';
import { createRecorder } from './recorder.ts';

const decode = (batches: { body: Uint8Array }[]) => batches.map(({ body }) => BatchBody.decode(body));

describe('recorder', () => {
  it('writes each text once', () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    const names = ['curl', 'nginx', '', 'curl', 'nginx'];
    const open = names.map((comm, i) =>
      connection({ handle: i + 1, comm, remoteAddress: new Uint8Array(), direction: Direction.DIRECTION_LISTEN }),
    );
    recorder.observe(tick(10 * secondUs, { connections: byHandle(...open) }));
    const [body, ...more] = decode(recorder.flush(false));
    expect(more).toEqual([]);
    expect(body!.bootId).toEqual(Buffer.from(bootId));
    expect(body!.strings).toEqual(['', 'curl', 'nginx']);
    expect(body!.segments.map(({ comm }) => body!.strings[comm!])).toEqual(names);
    expect(body!.segments.map(({ rxBytes }) => rxBytes)).toEqual(names.map(() => null));
  });

  it('seals when a body is full; each body has the checkpoint of its own rows', () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    const open = Array.from({ length: 10_000 }, (_, i) => connection({ handle: i + 1, rxBytes: 5 }));
    const processes = new Map(
      Array.from({ length: 100 }, (_, i) => [i + 1, process(i + 1, {}, { commandLine: '€'.repeat(4_000) })]),
    );
    recorder.observe(tick(10 * secondUs, { connections: byHandle(...open), processes }));
    const batches = recorder.flush(false);
    expect(batches.length).toBeGreaterThan(4);
    for (const batch of batches) {
      const body = BatchBody.decode(batch.body);
      expect(batch.body.length).toBeLessThanOrEqual(limits.batchSealBytes * 1.1);
      expect(body.segments.length + body.processes.length).toBe(batch.rows);
      const { entries } = decodeCheckpointStep(batch.checkpoint);
      expect(entries.map(({ connection }) => connection.cookie)).toEqual(body.segments.map(({ cookie }) => cookie));
    }
    expect(decode(batches).reduce((sum, { segments }) => sum + segments.length, 0)).toBe(10_000);
    expect(recorder.flush(false)).toEqual([]);
  });

  it('records a failing source from its first to its last failure, a stall, and the time it did not run', () => {
    const checkpoint = { bootId, aliveUs: 4 * secondUs, entries: new Map() };
    const recorder = createRecorder({ bootId, offsetUs: () => 0, checkpoint });
    const failures = [{ source: 'interfaces', message: 'EACCES' }];
    recorder.observe(tick(10 * secondUs, { previousUs: 10 * secondUs }));
    recorder.observe(tick(11 * secondUs, { failures }));
    recorder.observe(tick(12 * secondUs, { failures }));
    recorder.observe(tick(13 * secondUs));
    recorder.observe(tick(40 * secondUs, { previousUs: 13 * secondUs }));
    const gaps = decode(recorder.flush(false)).flatMap(({ gaps }) => gaps);
    expect(gaps.map(({ reason, startUs, endUs }) => [reason, startUs! / secondUs, endUs! / secondUs])).toEqual([
      ['agent-stopped', 4, 10],
      ['collect-failed', 10, 12],
      ['stalled', 13, 40],
    ]);
    expect(gaps[1]!.detail).toBe('interfaces: EACCES');
  });

  it('says for how long memory allowed no further connections', () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    for (const [second, leftOut] of [0, 40, 90, 0].entries())
      recorder.observe(tick((10 + second) * secondUs, { leftOut }));
    expect(decode(recorder.flush(false)).flatMap(({ gaps }) => gaps)).toMatchObject([
      {
        reason: 'given-up',
        startUs: 10 * secondUs,
        endUs: 12 * secondUs,
        detail: expect.stringContaining('40 at first'),
      },
    ]);
  });

  it('after a restart of the machine takes over no counters, and says so', () => {
    const old = connection({ rxBytes: 900 });
    const entries = new Map([[`6:${old.cookie}`, { connection: old, endUs: 3 * secondUs }]]);
    const recorder = createRecorder({
      bootId,
      offsetUs: () => 0,
      checkpoint: { bootId: new Uint8Array(16), aliveUs: 4, entries },
    });
    recorder.observe(tick(10 * secondUs, { connections: byHandle(connection({ rxBytes: 1_000 })) }));
    const [body] = decode(recorder.flush(false));
    expect(body!.segments).toMatchObject([{ rxBytes: 1_000 }]);
    expect(body!.gaps).toMatchObject([{ reason: 'agent-stopped', endUs: 10 * secondUs }]);
  });

  it('counts what the cap cut as a gap', () => {
    const recorder = createRecorder({ bootId, offsetUs: () => 0 });
    const closed = Array.from({ length: limits.batchRows + 7 }, (_, i) =>
      connection({ handle: i + 1, pid: i, closedUs: 9 * secondUs }),
    );
    recorder.observe(tick(10 * secondUs, { closed }));
    const bodies = decode(recorder.flush(false));
    expect(bodies.flatMap(({ gaps }) => gaps)).toMatchObject([{ reason: 'rows-capped', lost: 7 }]);
    expect(recorder.lostRows()).toBe(7);
  });
});
