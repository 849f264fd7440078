// Reading small kernel files: whole, by path, or again and again through an open descriptor.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { HostError } from '../host-error.ts';
import { openLibc } from './libc.ts';

/** The text of a small file without surrounding white space; undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

const shared = Buffer.allocUnsafeSlow(64 << 10);

/** At most 64 KB of a file; undefined when it cannot be read. The result is the caller's. */
export function readBounded(path: string, maxBytes: number): Buffer | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      return Buffer.from(shared.subarray(0, readSync(fd, shared, 0, Math.min(maxBytes, shared.length), 0)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** A file that is read from its start time after time, as /proc allows. */
export class RereadFile implements Disposable {
  readonly #fd: number;
  readonly #path: string;
  #buffer = Buffer.allocUnsafeSlow(16 << 10);

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
  }

  /** Its bytes, valid until the next read. Throws HostError. */
  read(): Buffer {
    const libc = openLibc();
    let filled = 0;
    for (;;) {
      const room = this.#buffer.length - filled;
      const got = libc.pread(this.#fd, this.#buffer.subarray(filled), room, filled);
      if (got < 0) {
        const errno = libc.errnoName();
        throw new HostError('unreadable', `Reading ${this.#path} failed with ${errno}`, { retryable: true, errno });
      }
      if (got === 0) return this.#buffer.subarray(0, filled);
      filled += got;
      if (filled === this.#buffer.length) this.#grow();
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}
