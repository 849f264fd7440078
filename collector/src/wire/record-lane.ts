// One session's sealed batches: checked, handed to ingest in order, acknowledged after their commit.
import { type Ack, limits, ProtocolError, type SealedBatch } from '@foretop/proto';
import { type IncomingBatch, type Ingest, IngestError, type IngestResult } from '../ingest/ingest.ts';

/** After ingest was full, when its queue is tried again. */
const retryMs = 500;
/** A session that holds more than this for a full ingest is not read from. */
const mostHeldBytes = 1 << 20;

/** What all sessions together hold for a full ingest; beyond `mostBytes` none of those that hold something is read from. */
export interface HeldBatches {
  bytes: number;
  readonly mostBytes: number;
}

export interface RecordLaneOptions {
  hostId: number;
  ingest: Pick<Ingest, 'submit'>;
  held: HeldBatches;
  /** Collector's Unix time − boottime for the boot of this batch. */
  offsetUs: (batch: SealedBatch) => number;
  nowUs: () => number;
  acknowledge: (ack: Ack) => void;
  /** Stop and go on reading from the agent. */
  pause: () => void;
  resume: () => void;
  /** Ends the session. */
  fail: (error: ProtocolError) => void;
}

interface Outstanding {
  batch: IncomingBatch;
  /** `submitted`: ingest has it. `refused`: it goes to ingest again, after those before it. */
  state: 'submitted' | 'refused' | Exclude<IngestResult, 'sequence-gap'>;
}

export class RecordLane implements Disposable {
  readonly #options: RecordLaneOptions;
  /** In the order of arrival; the first ones that are done are acknowledged. At most limits.inflightBatches. */
  readonly #outstanding: Outstanding[] = [];
  readonly #acks = new Map<string, Required<Pick<Ack, 'epoch' | 'sequence'>> & { quarantined: number[] }>();
  #retry: NodeJS.Timeout | undefined;
  #flush: NodeJS.Immediate | undefined;
  #heldBytes = 0;
  #paused = false;
  #closed = false;

  constructor(options: RecordLaneOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Throws ProtocolError. */
  receive(batch: SealedBatch): void {
    const { hostId, offsetUs, nowUs } = this.#options;
    const checked = checkBatch(batch);
    if (this.#outstanding.length >= limits.inflightBatches) {
      throw new ProtocolError('unexpected-frame', `more than ${limits.inflightBatches} batches are unacknowledged`);
    }
    const ofBatchUs = Math.round(offsetUs(batch));
    const skewUs = batch.wallOffsetUs ? batch.wallOffsetUs - ofBatchUs : undefined;
    const entry: Outstanding = {
      batch: { ...checked, hostId, offsetUs: ofBatchUs, receivedUs: Math.round(nowUs()), skewUs },
      state: 'submitted',
    };
    // A batch may not overtake one that has to be submitted again.
    const behind = this.#outstanding.some((other) => other.state === 'refused');
    this.#outstanding.push(entry);
    if (behind) this.#refused(entry);
    else this.#submit(entry);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearImmediate(this.#flush);
    this.#release();
  }

  #submit(entry: Outstanding): void {
    entry.state = 'submitted';
    this.#options.ingest.submit(entry.batch).then(
      (result) => this.#settled(entry, result),
      (error: unknown) => this.#failed(entry, error),
    );
  }

  #settled(entry: Outstanding, result: IngestResult): void {
    if (this.#closed) return;
    if (result === 'sequence-gap') {
      // One before it was refused by a full ingest, so this gap is of our making.
      const before = this.#outstanding.slice(0, this.#outstanding.indexOf(entry));
      if (before.some((other) => other.state === 'refused')) return this.#refused(entry);
      const { sequence, previousSequence } = entry.batch;
      const fault = `batch ${sequence} follows ${previousSequence}, which is not stored`;
      return this.#options.fail(new ProtocolError('sequence-gap', fault));
    }
    entry.state = result;
    this.#acknowledgeDone();
    this.#retryLater();
  }

  #failed(entry: Outstanding, error: unknown): void {
    if (this.#closed) return;
    if (error instanceof IngestError && error.code === 'overloaded') return this.#refused(entry);
    const stopping = error instanceof IngestError && error.code === 'stopping';
    const reason = error instanceof Error ? error.message : String(error);
    const close = stopping ? 'shutting-down' : 'overloaded';
    this.#options.fail(
      new ProtocolError(close, `batch ${entry.batch.sequence} was not taken: ${reason}`, { cause: error }),
    );
  }

  #refused(entry: Outstanding): void {
    const { held, pause } = this.#options;
    entry.state = 'refused';
    this.#heldBytes += entry.batch.payload.length;
    held.bytes += entry.batch.payload.length;
    if (!this.#paused && (this.#heldBytes > mostHeldBytes || held.bytes > held.mostBytes)) {
      this.#paused = true;
      pause();
    }
    this.#retryLater();
  }

  /** Only when ingest has none of them any more: then what is submitted again keeps its order. */
  #retryLater(): void {
    if (this.#retry !== undefined || !this.#outstanding.some((entry) => entry.state === 'refused')) return;
    if (this.#outstanding.some((entry) => entry.state === 'submitted')) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#release();
      for (const entry of this.#outstanding) if (entry.state === 'refused') this.#submit(entry);
      if (this.#paused) this.#options.resume();
      this.#paused = false;
    }, retryMs);
  }

  #release(): void {
    this.#options.held.bytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }

  #acknowledgeDone(): void {
    for (let first = this.#outstanding[0]; first && isDone(first); first = this.#outstanding[0]) {
      this.#outstanding.shift();
      const { epoch, sequence } = first.batch;
      const key = Buffer.from(epoch).toString('hex');
      const ack = this.#acks.get(key) ?? { epoch, sequence, quarantined: [] };
      ack.sequence = Math.max(ack.sequence ?? 0, sequence);
      if (first.state === 'quarantined') ack.quarantined.push(sequence);
      this.#acks.set(key, ack);
    }
    // The batches of one commit are settled one after the other: one Ack for all of them.
    if (this.#acks.size > 0) this.#flush ??= setImmediate(() => this.#sendAcks());
  }

  #sendAcks(): void {
    this.#flush = undefined;
    const collectorUs = Math.round(this.#options.nowUs());
    const acks = [...this.#acks.values()];
    this.#acks.clear();
    for (const ack of acks) this.#options.acknowledge({ ...ack, collectorUs });
  }
}

const isDone = ({ state }: Outstanding): boolean => state !== 'submitted' && state !== 'refused';

type CheckedBatch = Omit<IncomingBatch, 'hostId' | 'offsetUs' | 'receivedUs'>;

function checkBatch(batch: SealedBatch): CheckedBatch {
  const { epoch, payload, bootId } = batch;
  const sequence = batch.sequence ?? 0;
  const previousSequence = batch.previousSequence ?? 0;
  const payloadBytes = batch.payloadBytes ?? 0;
  if (epoch?.length !== 8) throw malformed(`epoch has ${epoch?.length ?? 0} bytes, expected 8`);
  if (bootId?.length !== 16) throw malformed(`boot id has ${bootId?.length ?? 0} bytes, expected 16`);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(previousSequence) || previousSequence < 0) {
    throw malformed('its sequence is beyond 2^53');
  }
  if (sequence <= previousSequence) throw malformed(`batch ${sequence} says that it follows batch ${previousSequence}`);
  for (const offset of [batch.bootOffsetUs, batch.wallOffsetUs, batch.clock?.boottimeUs, batch.clock?.wallUs]) {
    if (!Number.isSafeInteger(offset ?? 0)) throw malformed('one of its clocks is beyond 2^53');
  }
  if (!payload || payload.length > limits.batchPayloadBytes || payloadBytes > limits.batchBodyBytes) {
    throw new ProtocolError(
      'frame-too-large',
      `batch of ${payload?.length ?? 0} bytes, ${payloadBytes} unpacked, is larger than allowed`,
    );
  }
  return { epoch, bootId, sequence, previousSequence, payload, payloadBytes };
}

const malformed = (fault: string): ProtocolError =>
  new ProtocolError('malformed-frame', `batch is not valid: ${fault}`);
