// Maps of the kernel as this process sees them: single entries, and whole maps in batches over reused memory.
import { HostError } from '../../host-error.ts';
import { fixedBytes, type MappedMemory, openLibc } from '../libc.ts';
import type { MapDefinition } from './elf.ts';
import { type BatchPosition, BpfError, closeDescriptor, lookup, lookupBatch, remove, update } from './system-call.ts';

const PROT_READ_WRITE = 3;
const BATCH_ENTRIES = 256;
const MAX_BATCH_ENTRIES = 65_536;

/** A batch of entries; views that the next batch overwrites. */
export interface Batch {
  count: number;
  keys: Uint8Array<ArrayBuffer>;
  keyWords: Uint32Array<ArrayBuffer>;
  values: Uint8Array<ArrayBuffer>;
  valueWords: Uint32Array<ArrayBuffer>;
}

export class BpfMap implements Disposable {
  readonly definition: MapDefinition;
  readonly fd: number;
  /** Room for one entry. */
  readonly value: Uint8Array<ArrayBuffer>;
  readonly valueWords: Uint32Array<ArrayBuffer>;
  #batch: Batch | undefined;
  #capacity = BATCH_ENTRIES;
  #takesOne = true;
  #mapped: MappedMemory | undefined;

  constructor(definition: MapDefinition, fd: number) {
    this.definition = definition;
    this.fd = fd;
    this.value = fixedBytes((definition.valueBytes + 7) & ~7);
    this.valueWords = new Uint32Array(this.value.buffer);
  }

  /** Reads into `value`; false when there is no such entry. */
  lookup(key: Uint8Array<ArrayBuffer>): boolean {
    return lookup(this.fd, key, this.value);
  }

  /** Reads into `value` and deletes, at once where the kernel can (Linux 5.14). */
  take(key: Uint8Array<ArrayBuffer>): boolean {
    if (this.#takesOne) {
      try {
        return lookup(this.fd, key, this.value, true);
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        this.#takesOne = false;
      }
    }
    return lookup(this.fd, key, this.value) && remove(this.fd, key);
  }

  update(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): void {
    update(this.fd, key, value);
  }

  delete(key: Uint8Array<ArrayBuffer>): boolean {
    return remove(this.fd, key);
  }

  /** Visits all entries, and with `removing` takes them out. @returns how many. */
  each(visit: (batch: Batch) => void, removing = false): number {
    const position: BatchPosition = { token: fixedBytes(Math.max(4, this.definition.keyBytes)), started: false };
    let seen = 0;
    for (;;) {
      const batch = this.#room();
      let read: { count: number; last: boolean };
      try {
        read = lookupBatch(this.fd, position, batch.keys, batch.values, this.#capacity, removing);
      } catch (error) {
        if (!(error instanceof BpfError) || error.errno !== 'ENOSPC' || this.#capacity >= MAX_BATCH_ENTRIES)
          throw error;
        this.#capacity *= 2;
        this.#batch = undefined;
        // Nothing was read: the kernel left the token where it was, which at the beginning means nowhere.
        position.started = seen > 0;
        continue;
      }
      batch.count = Math.min(read.count, this.#capacity);
      seen += batch.count;
      if (batch.count > 0) visit(batch);
      if (read.last) return seen;
    }
  }

  /** The values of an array that was made with BPF_F_MMAPABLE, each padded to 8 bytes. */
  words(): Uint32Array<ArrayBuffer> {
    const length = this.definition.maxEntries * ((this.definition.valueBytes + 7) & ~7);
    this.#mapped ??= openLibc().map(this.fd, Math.ceil(length / 4096) * 4096, PROT_READ_WRITE, 0);
    if (this.#mapped.memory.byteLength < length)
      throw new HostError('malformed', `Map "${this.definition.name}" is shorter than ${length} bytes`, {
        retryable: false,
      });
    return new Uint32Array(this.#mapped.memory, 0, length / 4);
  }

  [Symbol.dispose](): void {
    this.#mapped?.unmap();
    closeDescriptor(this.fd);
  }

  #room(): Batch {
    if (this.#batch) return this.#batch;
    const keys = fixedBytes(this.#capacity * this.definition.keyBytes);
    const values = fixedBytes(this.#capacity * this.definition.valueBytes);
    this.#batch = {
      count: 0,
      keys,
      keyWords: new Uint32Array(keys.buffer),
      values,
      valueWords: new Uint32Array(values.buffer),
    };
    return this.#batch;
  }
}
