// Records that the kernel's programs have put into a BPF ring buffer, read in place through shared memory.
import { type Libc, type MappedMemory, openLibc } from '../libc.ts';
import { readPageSize } from './page-size.ts';

// linux/bpf.h
const BPF_RINGBUF_BUSY_BIT = 0x80000000;
const BPF_RINGBUF_DISCARD_BIT = 0x40000000;
const BPF_RINGBUF_HDR_SZ = 8;
const PROT_READ = 1;
const PROT_WRITE = 2;

export class RingBuffer implements Disposable {
  readonly #size: number;
  readonly #consumer: BigUint64Array<ArrayBuffer>;
  readonly #producer: BigUint64Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #signed: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #mapped: MappedMemory[];
  #closed = false;

  /** `size` is the map's max_entries, a power of two. Throws HostError. */
  constructor(fd: number, size: number, libc: Libc = openLibc()) {
    const page = readPageSize(libc);
    this.#size = size;
    const consumer = libc.map(fd, page, PROT_READ | PROT_WRITE, 0);
    this.#mapped = [consumer];
    try {
      // The data stand there twice in a row, so that no record is cut at the end.
      const producer = libc.map(fd, page + 2 * size, PROT_READ, page);
      this.#mapped.push(producer);
      this.#consumer = new BigUint64Array(consumer.memory, 0, 1);
      this.#producer = new BigUint64Array(producer.memory, 0, 1);
      this.#words = new Uint32Array(producer.memory, page);
      this.#signed = new Int32Array(producer.memory, page);
      this.#bytes = new Uint8Array(producer.memory, page);
    } catch (error) {
      consumer.unmap();
      throw error;
    }
  }

  /** How much of it was waiting when it was last drained, 0 to 1. */
  fill = 0;

  /**
   * Visits the records, oldest first, while `hasRoom`: `offset` and `end` bound a record in `words` (8-byte aligned) and `bytes`.
   * @returns how many.
   */
  drain(
    visit: (words: Uint32Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>, offset: number, end: number) => void,
    hasRoom: () => boolean = () => true,
  ): number {
    if (this.#closed) return 0;
    let taken = 0;
    let at = Number(this.#consumer[0]!);
    const produced = Number(Atomics.load(this.#producer, 0));
    this.fill = (produced - at) / this.#size;
    try {
      while (at < produced && !this.#closed && hasRoom()) {
        const offset = at & (this.#size - 1);
        const header = Atomics.load(this.#signed, offset >> 2) >>> 0;
        if (header & BPF_RINGBUF_BUSY_BIT) break;
        const length = header & ~BPF_RINGBUF_DISCARD_BIT;
        const begin = offset + BPF_RINGBUF_HDR_SZ;
        at += (BPF_RINGBUF_HDR_SZ + length + 7) & ~7;
        if (header & BPF_RINGBUF_DISCARD_BIT) continue;
        taken++;
        visit(this.#words, this.#bytes, begin, begin + length);
      }
    } finally {
      if (!this.#closed) Atomics.store(this.#consumer, 0, BigInt(at));
    }
    return taken;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const mapped of this.#mapped) mapped.unmap();
  }
}
