// Rows in the binary format of COPY (PostgreSQL 18 manual, COPY, "Binary Format"; values as the types' receive functions read them).
import type { Hash64 } from '../store/siphash.ts';

/** Signature, flags, length of the header extension. */
export const copyHeader = Buffer.from('5047434f50590aff0d0a00' + '00000000' + '00000000', 'hex');
export const copyTrailer = Buffer.from('ffff', 'hex');

/** timestamptz counts microseconds from 2000-01-01. */
const postgresEpochUs = 946_684_800_000_000;
const initialBytes = 256 << 10;
/** Space kept free for the columns of fixed size and the addresses of one row. */
const rowReserve = 1024;
/** utils/inet.h: PGSQL_AF_INET is AF_INET, PGSQL_AF_INET6 is AF_INET + 1 on every platform. */
const familyIpv4 = 2;
const familyIpv6 = 3;
/** catalog/pg_type.dat */
const inetOid = 869;
const textOid = 25;

/**
 * One growing buffer that is written row by row and reused. Values must be valid already: nothing here checks a range.
 * Call reserve() before a row, then row(), then one method a column.
 */
export class CopyEncoder {
  #bytes = Buffer.allocUnsafeSlow(initialBytes);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** Forgets all rows. Slices handed out before are overwritten from now on. */
  reset(): void {
    this.#at = 0;
  }

  /** What was written from `start` to `end`; valid until the next reset() or growth. */
  slice(start: number, end: number): Buffer {
    return this.#bytes.subarray(start, end);
  }

  /** Makes room for a row whose texts and byte strings have `variableBytes` together. */
  reserve(variableBytes: number): void {
    const needed = this.#at + variableBytes + rowReserve;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  row(columns: number): void {
    this.#view.setInt16(this.#at, columns);
    this.#at += 2;
  }

  null(): void {
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
  }

  bool(value: boolean): void {
    this.#view.setInt32(this.#at, 1);
    this.#bytes[this.#at + 4] = value ? 1 : 0;
    this.#at += 5;
  }

  int2(value: number): void {
    this.#view.setInt32(this.#at, 2);
    this.#view.setInt16(this.#at + 4, value);
    this.#at += 6;
  }

  int4(value: number): void {
    this.#view.setInt32(this.#at, 4);
    this.#view.setInt32(this.#at + 4, value);
    this.#at += 8;
  }

  /** A safe integer. */
  int8(value: number): void {
    this.#view.setInt32(this.#at, 8);
    this.#view.setInt32(this.#at + 4, Math.floor(value / 2 ** 32));
    this.#view.setInt32(this.#at + 8, value | 0);
    this.#at += 12;
  }

  hash(value: Hash64): void {
    this.#view.setInt32(this.#at, 8);
    this.#view.setInt32(this.#at + 4, value.high);
    this.#view.setInt32(this.#at + 8, value.low);
    this.#at += 12;
  }

  nullableHash(value: Hash64 | null): void {
    if (value === null) this.null();
    else this.hash(value);
  }

  timestamp(unixUs: number): void {
    this.int8(unixUs - postgresEpochUs);
  }

  /** Text as UTF-8, or bytea. */
  bytes(value: Uint8Array): void {
    this.#view.setInt32(this.#at, value.length);
    this.#bytes.set(value, this.#at + 4);
    this.#at += 4 + value.length;
  }

  /** 4 or 16 bytes. */
  inet(address: Uint8Array): void {
    const length = address.length;
    const bytes = this.#bytes;
    let at = this.#at;
    this.#view.setInt32(at, 4 + length);
    bytes[at + 4] = length === 4 ? familyIpv4 : familyIpv6;
    bytes[at + 5] = length * 8;
    bytes[at + 6] = 0;
    bytes[at + 7] = length;
    at += 8;
    for (let index = 0; index < length; index++) bytes[at + index] = address[index]!;
    this.#at = at + length;
  }

  /** Each of 4 or 16 bytes; count 24 bytes for each with reserve(). */
  inetArray(addresses: readonly Uint8Array[]): void {
    const end = this.#array(inetOid, addresses.length);
    for (const address of addresses) this.inet(address);
    this.#view.setInt32(end, this.#at - end - 4);
  }

  /** UTF-8; count 4 bytes more for each with reserve(). */
  textArray(texts: readonly Uint8Array[]): void {
    const end = this.#array(textOid, texts.length);
    for (const text of texts) this.bytes(text);
    this.#view.setInt32(end, this.#at - end - 4);
  }

  /** The head of a one-dimensional array without nulls (utils/adt/arrayfuncs.c, array_recv). @returns where its length belongs. */
  #array(elementOid: number, count: number): number {
    const lengthAt = this.#at;
    const head = count === 0 ? [0, 0, elementOid] : [1, 0, elementOid, count, 1];
    this.#at += 4;
    for (const word of head) {
      this.#view.setInt32(this.#at, word);
      this.#at += 4;
    }
    return lengthAt;
  }

  nullableInt4(value: number | null): void {
    if (value === null) this.null();
    else this.int4(value);
  }

  nullableInt8(value: number | null): void {
    if (value === null) this.null();
    else this.int8(value);
  }
}
