// The data of DNS records as zone files write it (RFC 1035 section 5, and the RFC of each type); others as RFC 3597 has them.
import { dnsTypeName, formatAddress } from '@foretop/proto';
import { escapeByte, readU16, readU32 } from '../../inspect/bytes.ts';
import { readName } from '../../inspect/dns/name.ts';

const mostLength = 2_048;

/** Reads on from `at`; any method gives undefined once the data has run out, and then the record is written as bytes. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  isBroken = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.isBroken ? 0 : this.#end - this.#at;
  }

  u8(): number {
    return this.#take(1)?.[0] ?? 0;
  }

  u16(): number {
    const bytes = this.#take(2);
    return bytes ? readU16(bytes, 0) : 0;
  }

  u32(): number {
    const bytes = this.#take(4);
    return bytes ? readU32(bytes, 0) : 0;
  }

  bytes(count = this.left): Uint8Array {
    return this.#take(count) ?? new Uint8Array();
  }

  hex(count?: number): string {
    return Buffer.from(this.bytes(count)).toString('hex');
  }

  base64(count?: number): string {
    return Buffer.from(this.bytes(count)).toString('base64');
  }

  name(): string {
    const found = this.isBroken ? undefined : readName(this.#bytes, this.#at);
    if (!found || found.end > this.#end) this.isBroken = true;
    else this.#at = found.end;
    return found && !this.isBroken ? (found.name === '.' ? '.' : `${found.name}.`) : '';
  }

  /** A length and so many bytes, as a quoted text. */
  text(): string {
    return quoted(this.bytes(this.u8()));
  }

  #take(count: number): Uint8Array | undefined {
    if (count > this.left) this.isBroken = true;
    if (this.isBroken) return undefined;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

const forms: Record<number, (data: Reader) => string> = {
  1: (data) => formatAddress(data.bytes(4)),
  2: (data) => data.name(),
  5: (data) => data.name(),
  6: (data) => [data.name(), data.name(), data.u32(), data.u32(), data.u32(), data.u32(), data.u32()].join(' '),
  12: (data) => data.name(),
  13: (data) => `${data.text()} ${data.text()}`,
  15: (data) => `${data.u16()} ${data.name()}`,
  16: texts,
  28: (data) => formatAddress(data.bytes(16)),
  33: (data) => `${data.u16()} ${data.u16()} ${data.u16()} ${data.name()}`,
  35: (data) => `${data.u16()} ${data.u16()} ${data.text()} ${data.text()} ${data.text()} ${data.name()}`,
  39: (data) => data.name(),
  43: (data) => `${data.u16()} ${data.u8()} ${data.u8()} ${data.hex()}`,
  44: (data) => `${data.u8()} ${data.u8()} ${data.hex()}`,
  46: signature,
  47: (data) => `${data.name()} ${typeList(data)}`,
  48: (data) => `${data.u16()} ${data.u8()} ${data.u8()} ${data.base64()}`,
  50: (data) =>
    `${data.u8()} ${data.u8()} ${data.u16()} ${data.hex(data.u8()) || '-'} ${data.hex(data.u8())} ${typeList(data)}`,
  51: (data) => `${data.u8()} ${data.u8()} ${data.u16()} ${data.hex(data.u8()) || '-'}`,
  52: (data) => `${data.u8()} ${data.u8()} ${data.u8()} ${data.hex()}`,
  59: (data) => `${data.u16()} ${data.u8()} ${data.u8()} ${data.hex()}`,
  60: (data) => `${data.u16()} ${data.u8()} ${data.u8()} ${data.base64()}`,
  64: service,
  65: service,
  99: texts,
  256: (data) => `${data.u16()} ${data.u16()} ${quoted(data.bytes())}`,
  257: (data) => `${data.u8()} ${quoted(data.bytes(data.u8())).slice(1, -1)} ${quoted(data.bytes())}`,
};

/** `start`, `end`: of the record's data in the message, which its names may point into. Never throws. */
export function recordText(
  message: Uint8Array,
  { type, start, end }: { type: number; start: number; end: number },
): string {
  const data = new Reader(message, start, end);
  const text = forms[type]?.(data);
  const isWhole = text !== undefined && !data.isBroken && data.left === 0;
  const shown = isWhole
    ? text.trimEnd()
    : `\\# ${end - start} ${Buffer.from(message.subarray(start, end)).toString('hex')}`;
  return shown.slice(0, mostLength);
}

function texts(data: Reader): string {
  const found: string[] = [];
  while (data.left > 0) found.push(data.text());
  return found.join(' ');
}

/** RFC 4034 section 3.2. */
function signature(data: Reader): string {
  const covered = dnsTypeName(data.u16());
  const numbers = [data.u8(), data.u8(), data.u32()].join(' ');
  const [expires, signed] = [timeText(data.u32()), timeText(data.u32())];
  return `${covered} ${numbers} ${expires} ${signed} ${data.u16()} ${data.name()} ${data.base64()}`;
}

/** YYYYMMDDHHmmSS. */
function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** RFC 4034 section 4.1.2. */
function typeList(data: Reader): string {
  const found: string[] = [];
  while (data.left > 0) {
    const window = data.u8() * 256;
    for (const [index, byte] of data.bytes(data.u8()).entries())
      for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) found.push(dnsTypeName(window + index * 8 + bit));
  }
  return found.join(' ');
}

const parameterNames = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint'];

/** RFC 9460 sections 2.1 and 14.3.2. */
function service(data: Reader): string {
  const found = [`${data.u16()} ${data.name()}`];
  while (data.left > 0) {
    const key = data.u16();
    const value = data.bytes(data.u16());
    const text = parameterText(key, value);
    found.push(`${parameterNames[key] ?? `key${key}`}${text === '' ? '' : `=${text}`}`);
  }
  return found.join(' ');
}

function parameterText(key: number, value: Uint8Array): string {
  const data = new Reader(value, 0, value.length);
  const found: (string | number)[] = [];
  if (key === 1) while (data.left > 0) found.push(quoted(data.bytes(data.u8())).slice(1, -1));
  else if (key === 3) found.push(data.u16());
  else if (key === 4 || key === 6) while (data.left > 0) found.push(formatAddress(data.bytes(key === 4 ? 4 : 16)));
  else if (value.length > 0) found.push(data.base64());
  return found.join(',');
}

function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f;
    text +=
      byte === 0x22 || byte === 0x5c
        ? `\\${String.fromCharCode(byte)}`
        : isPlain
          ? String.fromCharCode(byte)
          : escapeByte(byte);
  }
  return `${text}"`;
}
