// Protocol Buffers for browsers: messages as tables of fields instead of generated code. Numbers are JavaScript numbers.
// https://protobuf.dev/programming-guides/encoding/ ; `number` stands for unsigned integers of any size and for enums.

export type Kind = 'number' | 'bool' | 'string' | 'bytes' | Fields;
/** Name, number and kind of a field; `many`: a list; `optional`: absent is something else than 0 or empty. */
type Field = readonly [name: string, number: number, kind: Kind, label?: 'many' | 'optional'];
export type Fields = readonly Field[];
type Message = Record<string, unknown>;

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const byNumber = new WeakMap<Fields, (Field | undefined)[]>();

function tableOf(fields: Fields): (Field | undefined)[] {
  let table = byNumber.get(fields);
  if (!table) {
    table = [];
    for (const field of fields) table[field[1]] = field;
    byNumber.set(fields, table);
  }
  return table;
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length++) {
      if (this.at >= this.bytes.length) break;
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new RangeError(`read a varint at byte ${this.at}: it does not end`);
  }

  /** Where what follows its length ends. */
  end(): number {
    const length = this.number();
    if (length > this.bytes.length - this.at)
      throw new RangeError(`read ${length} bytes at byte ${this.at}: there are fewer`);
    return this.at + length;
  }

  slice(): Uint8Array {
    const end = this.end();
    const found = this.bytes.slice(this.at, end);
    this.at = end;
    return found;
  }

  text(): string {
    const end = this.end();
    const from = this.at;
    this.at = end;
    // Names are short and mostly ASCII: a decoder's call costs more than they do.
    if (end - from > 64) return decoder.decode(this.bytes.subarray(from, end));
    let text = '';
    for (let at = from; at < end; at++) {
      const byte = this.bytes[at]!;
      if (byte > 0x7f) return decoder.decode(this.bytes.subarray(from, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  skip(wire: number): void {
    if (wire === varint) this.number();
    else if (wire === delimited) this.at = this.end();
    else if (wire === fixed32 || wire === fixed64) {
      this.at += wire === fixed32 ? 4 : 8;
      if (this.at > this.bytes.length) throw new RangeError('skipped a field: it does not end');
    } else throw new RangeError(`found wire type ${wire}, which no message has`);
  }
}

/** Throws RangeError when the bytes are no message. Fields that are not in the table are skipped. */
export function decodeMessage(fields: Fields, bytes: Uint8Array): Message {
  return read(new Reader(bytes), bytes.length, fields);
}

function read(reader: Reader, end: number, fields: Fields): Message {
  const table = tableOf(fields);
  const message: Message = {};
  while (reader.at < end) {
    const tag = reader.number();
    const wire = tag % 8;
    const field = table[Math.floor(tag / 8)];
    if (!field || !fits(field, wire)) reader.skip(wire);
    else if (field[3] !== 'many') message[field[0]] = readOne(reader, field[2], message[field[0]]);
    else readMany(reader, wire, field, message);
  }
  if (reader.at !== end) throw new RangeError('read a message: a field goes beyond its end');
  return message;
}

/** A field of another wire type than its own is one that is not known. */
function fits([, , kind, label]: Field, wire: number): boolean {
  if (kind === 'number' || kind === 'bool') return wire === varint || (label === 'many' && wire === delimited);
  return wire === delimited;
}

function readMany(reader: Reader, wire: number, [name, , kind]: Field, message: Message): void {
  const list = (message[name] ??= []) as unknown[];
  if (wire === delimited && (kind === 'number' || kind === 'bool')) {
    const end = reader.end();
    while (reader.at < end) list.push(kind === 'number' ? reader.number() : reader.number() !== 0);
    if (reader.at !== end) throw new RangeError('read a packed list: a value goes beyond its end');
  } else list.push(readOne(reader, kind, undefined));
}

function readOne(reader: Reader, kind: Kind, before: unknown): unknown {
  if (kind === 'number') return reader.number();
  if (kind === 'bool') return reader.number() !== 0;
  if (kind === 'string') return reader.text();
  if (kind === 'bytes') return reader.slice();
  const end = reader.end();
  const found = read(reader, end, kind);
  // A message that comes in two parts is one.
  return typeof before === 'object' && before !== null ? { ...before, ...found } : found;
}

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.written);
    this.#bytes = larger;
  }

  number(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  delimited(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Fields that are absent or null are left out, and zeros and empty ones that mean the same as absent. Numbers must be whole and not negative. */
export function encodeMessage(fields: Fields, message: object): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  write(writer, fields, message as Message);
  return writer.finish();
}

function write(writer: Writer, fields: Fields, message: Message): void {
  for (const [name, number, kind, label] of fields) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    if (label !== 'many') {
      if (label === 'optional' || !isDefault(value)) writeOne(writer, number, kind, value);
    } else if (kind === 'number') {
      const list = value as ArrayLike<number>;
      if (list.length === 0) continue;
      const packed = new Writer();
      for (let i = 0; i < list.length; i++) packed.number(list[i]!);
      writer.number(number * 8 + delimited);
      writer.delimited(packed.written);
    } else for (const one of value as unknown[]) writeOne(writer, number, kind, one);
  }
}

const isDefault = (value: unknown): boolean =>
  value === 0 || value === false || value === '' || (value instanceof Uint8Array && value.length === 0);

function writeOne(writer: Writer, number: number, kind: Kind, value: unknown): void {
  if (kind === 'number' || kind === 'bool') {
    writer.number(number * 8 + varint);
    writer.number(Number(value));
    return;
  }
  writer.number(number * 8 + delimited);
  if (kind === 'string') writer.delimited(encoder.encode(value as string));
  else if (kind === 'bytes') writer.delimited(value as Uint8Array);
  else {
    const part = new Writer();
    write(part, kind, value as Message);
    writer.delimited(part.written);
  }
}
