// Takes sealed batches from all agents and commits them in groups, each exactly once; a promise resolves after its batch's commit.
import type pg from 'pg';
import type { Logger } from 'pino';
import { createIds } from '../store/ids.ts';
import type { Retention } from '../store/retention.ts';
import { type IncomingBatch, IngestError, type IngestResult } from './batch.ts';
import { IngestCounters } from './counters.ts';
import type { CommittedListener } from './accepted.ts';
import { createEncoders } from './prepare.ts';
import { openQuarantine } from './quarantine.ts';
import { type BatchQueue, createQueue, defaultQueueLimits, type QueueLimits } from './queue.ts';
import { prepareGroup, settleGroup, type SettleOptions } from './settle.ts';

export { type IncomingBatch, IngestError, type IngestResult } from './batch.ts';

export interface Ingest extends AsyncDisposable {
  /** Resolves after the commit. Rejects with IngestError; the agent then keeps the batch. */
  submit(batch: IncomingBatch): Promise<IngestResult>;
  /** Counted since the start, for /metrics. */
  counters(): Record<string, number>;
}

export interface IngestOptions {
  pool: pg.Pool;
  hashKey: Buffer;
  quarantineDir: string;
  /** Of all files in it; the default is 64 MiB. */
  quarantineBytes?: number;
  retention: Retention;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
  limits?: QueueLimits;
  /** Told after the commit what each new batch held; must return soon and not throw. */
  onCommitted?: CommittedListener;
  /** Told of each commit that failed, or broke off, so that what it held may be there without ever being told of. */
  onCommitFailed?: () => void;
}

/** Disposal commits what was submitted, unless the database does not answer. */
export function createIngest(options: IngestOptions): Ingest {
  const { pool, log, retention, now = Date.now } = options;
  const queue = createQueue(options.limits ?? defaultQueueLimits);
  const counters = new IngestCounters();
  const stop = new AbortController();
  const ids = createIds(options.hashKey);
  const quarantine = openQuarantine(options.quarantineDir, log, options.quarantineBytes);
  const work = drain(queue, {
    pool,
    quarantine,
    log,
    counters,
    onCommitted: options.onCommitted,
    onCommitFailed: options.onCommitFailed,
    prepareOptions: () => ({ ids, retention, nowUs: now() * 1000 }),
    signal: stop.signal,
  });

  return {
    submit(batch) {
      if (stop.signal.aborted) return Promise.reject(new IngestError('stopping', 'the collector is stopping'));
      if (!isWellFormed(batch)) return Promise.resolve('sequence-gap');
      const { promise, resolve, reject } = Promise.withResolvers<IngestResult>();
      if (queue.push({ batch, resolve, reject })) return promise;
      counters.batchesRefused++;
      return Promise.reject(new IngestError('overloaded', `${queue.bytes} bytes wait for the database already`));
    },
    counters: () => ({
      ...counters,
      queuedBatches: queue.batches,
      queuedBytes: queue.bytes,
      quarantineEvictedFiles: quarantine.evictedFiles,
    }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      queue.close();
      await work;
    },
  };
}

function isWellFormed({ epoch, sequence, previousSequence }: IncomingBatch): boolean {
  return (
    epoch.length === 8 &&
    Number.isSafeInteger(sequence) &&
    Number.isSafeInteger(previousSequence) &&
    previousSequence >= 0 &&
    sequence > previousSequence
  );
}

/** Opens one group while the one before it is being committed; two sets of buffers take turns. */
async function drain(queue: BatchQueue, options: SettleOptions): Promise<void> {
  const encoders = [createEncoders(), createEncoders()] as const;
  let committing: Promise<void> = Promise.resolve();
  for (let turn = 0; ; turn ^= 1) {
    const entries = await queue.nextGroup();
    if (entries === undefined) break;
    const group = await prepareGroup(entries, encoders[turn as 0 | 1], options.prepareOptions());
    await committing;
    committing = settleGroup(group, options).finally(() => queue.settled(entries));
  }
  await committing;
}
