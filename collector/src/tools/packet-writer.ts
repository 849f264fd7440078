// Writes captured packets a few times a second for all captures together, in the order in which each host sent them; drops none.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { ControlLink } from '../command/link.ts';
import { insertPackets, type NewPackets } from '../store/queries/tool-packets.ts';
import type { Database } from '../store/schema.ts';
import type { Bell } from './bell.ts';
import { PacketStream, type StreamOwner } from './packet-stream.ts';

const flushEveryMs = 200;
const retryMs = 1_000;
/** A database that takes nothing for so long ends the captures. */
const patienceMs = 30_000;
/** Beyond, a host is not read from until half of it is written. */
export const mostWaiting = { host: 2 << 20, all: 64 << 20 };
const mostAtOnce = { host: 1 << 20, all: 4 << 20 };

export interface PacketWriterOptions {
  db: Kysely<Database>;
  bell: Bell;
  log: Logger;
  /** Unix milliseconds. */
  now: () => number;
  /** Instead of the standard. */
  patienceMs?: number;
}

export class PacketWriter implements AsyncDisposable {
  readonly #options: PacketWriterOptions;
  readonly #streams = new Set<PacketStream>();
  #waitingBytes = 0;
  #writtenBytes = 0;
  #lostBytes = 0;
  #writing: Promise<void> | undefined;
  /** Resolves with the next batch that is written or given up. */
  #turn = Promise.withResolvers<void>();
  #stopped = false;

  constructor(options: PacketWriterOptions) {
    this.#options = options;
  }

  /** What is added to it is bounded by the caller, but for how fast it comes: that is bounded here. */
  add(stream: PacketStream, bytes: Uint8Array, link: ControlLink): void {
    if (this.#stopped || stream.fault !== undefined) return;
    stream.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#streams.add(stream);
    if (stream.waiting > mostWaiting.host || this.#waitingBytes > mostWaiting.all) stream.hold(link);
    this.#writing ??= this.#write();
  }

  open(owner: StreamOwner): PacketStream {
    return new PacketStream(owner);
  }

  /** Resolves when all of this stream is written, or was given up. */
  async flush(stream: PacketStream): Promise<void> {
    while (this.#streams.has(stream)) await this.#turn.promise;
  }

  counters(): Record<string, number> {
    return {
      capture_bytes_waiting: this.#waitingBytes,
      capture_hosts_held: [...this.#streams].filter(({ isHeld }) => isHeld).length,
      capture_bytes_total: this.#writtenBytes,
      capture_bytes_lost_total: this.#lostBytes,
    };
  }

  async #write(): Promise<void> {
    while (this.#streams.size > 0) {
      await sleep(flushEveryMs);
      const batch = this.#take();
      if (await this.#insert(batch)) this.#written(batch);
      else this.#giveUp();
      this.#turn.resolve();
      this.#turn = Promise.withResolvers();
    }
    // In the same breath as the last look, so that nothing added from here on waits for nobody.
    this.#writing = undefined;
  }

  /** Each stream gets its turn: those that were served go to the end. */
  #take(): Map<PacketStream, Buffer[]> {
    const batch = new Map<PacketStream, Buffer[]>();
    let bytes = 0;
    for (const stream of [...this.#streams]) {
      if (bytes >= mostAtOnce.all) break;
      const pieces = stream.take(mostAtOnce.host);
      bytes += sizeOf(pieces);
      batch.set(stream, pieces);
      this.#streams.delete(stream);
      this.#streams.add(stream);
    }
    return batch;
  }

  /** False: the database did not take it for too long, or the collector stops. */
  async #insert(batch: ReadonlyMap<PacketStream, Buffer[]>): Promise<boolean> {
    const { db, log, now } = this.#options;
    const rows = [...batch].flatMap(([stream, pieces]) => rowsOf(stream, pieces));
    const counts = [...batch].map(([{ owner, stored, sealed }, pieces]) => ({
      ...{ requestId: owner.requestId, bytes: stored + sizeOf(pieces), sealed },
    }));
    const beganMs = performance.now();
    for (;;) {
      try {
        await insertPackets(db, rows, counts, new Date(now()));
        return true;
      } catch (error) {
        log.warn({ event: 'packets-unwritten', pieces: rows.length, error: String(error) });
        if (this.#stopped || performance.now() - beganMs > (this.#options.patienceMs ?? patienceMs)) return false;
        await sleep(retryMs);
      }
    }
  }

  #written(batch: ReadonlyMap<PacketStream, Buffer[]>): void {
    for (const [stream, pieces] of batch) {
      const bytes = sizeOf(pieces);
      stream.written(bytes);
      this.#waitingBytes -= bytes;
      this.#writtenBytes += bytes;
      if (stream.waiting === 0) this.#streams.delete(stream);
      this.#options.bell.ring(stream.owner.runId);
    }
    const hasRoom = this.#waitingBytes <= mostWaiting.all / 2;
    for (const stream of batch.keys())
      if (stream.waiting === 0 || (hasRoom && stream.waiting <= mostWaiting.host / 2)) stream.release();
  }

  #giveUp(): void {
    for (const stream of this.#streams) {
      this.#lostBytes += stream.giveUp('The collector could not store the packets in time.');
      this.#options.bell.ring(stream.owner.runId);
    }
    this.#streams.clear();
    this.#waitingBytes = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#writing;
  }
}

function rowsOf({ owner, stored }: PacketStream, pieces: readonly Buffer[]): NewPackets[] {
  let start = stored;
  return pieces.map((bytes) => {
    const row = { requestId: owner.requestId, hostId: owner.hostId, start, bytes };
    start += bytes.length;
    return row;
  });
}

const sizeOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);
