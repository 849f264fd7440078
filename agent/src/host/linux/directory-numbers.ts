// The entries of a directory whose names are numbers, as /proc has one for each process: without a string for each, or an order.
import { closeSync, openSync } from 'node:fs';
import { messageOf, HostError } from '../host-error.ts';
import { type Libc, openLibc, systemCallError } from './libc.ts';

const SEEK_SET = 0;
const BUFFER_BYTES = 32 << 10;
// `struct linux_dirent64` (linux/dirent.h): inode, offset, length of the entry, type, name with its NUL.
const LENGTH_OFFSET = 16;
const NAME_OFFSET = 19;
const ZERO = 0x30;
/** More digits than a pid or a descriptor has. */
const MOST_DIGITS = 10;

export class DirectoryNumbers implements Disposable {
  readonly #path: string;
  readonly #libc: Libc = openLibc();
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #fd = -1;

  /** It is opened when it is first read. */
  constructor(path: string) {
    this.#path = path;
  }

  /** What is there now. Throws HostError. */
  each(visit: (number: number) => void): void {
    this.#rewind();
    for (;;) {
      const length = this.#libc.getdents(this.#fd, this.#buffer, BUFFER_BYTES);
      if (length < 0) throw systemCallError(this.#libc, `Listing ${this.#path}`);
      if (length === 0) return;
      for (let at = 0; at < length; at += this.#buffer.readUInt16LE(at + LENGTH_OFFSET)) {
        const number = this.#numberAt(at + NAME_OFFSET);
        if (number >= 0) visit(number);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #rewind(): void {
    if (this.#fd < 0) {
      try {
        this.#fd = openSync(this.#path, 'r');
      } catch (cause) {
        throw new HostError('unreadable', `Listing ${this.#path} failed: ${messageOf(cause)}`, {
          retryable: true,
          cause,
        });
      }
    } else if (this.#libc.lseek(this.#fd, 0, SEEK_SET) < 0) throw systemCallError(this.#libc, `Listing ${this.#path}`);
  }

  /** -1 for a name that is no number. */
  #numberAt(begin: number): number {
    const bytes = this.#buffer;
    let value = 0;
    let at = begin;
    for (; bytes[at] !== 0; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9 || at - begin === MOST_DIGITS) return -1;
      value = value * 10 + digit;
    }
    return value;
  }
}
