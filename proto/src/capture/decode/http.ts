// The head of an HTTP/1 message (RFC 9112): its first line and its fields. SSDP has the same form.
import type { Dissection } from './dissection.ts';
import { textOf } from './text.ts';

const mostHeaders = 64;
const mostLineBytes = 2_048;
const longestMethod = 20;
const [lineFeed, carriageReturn, space, colon] = [0x0a, 0x0d, 0x20, 0x3a];

/** "HTTP/1.", or a method in capitals and a target before " HTTP/1." or the end of what there is. */
export function startsHttp(bytes: Uint8Array, from: number, end: number): boolean {
  if (matches(bytes, from, end, 'HTTP/1.')) return true;
  let at = from;
  while (at < end && at - from < longestMethod && isMethodByte(bytes[at]!)) at++;
  if (at - from < 3 || bytes[at] !== space) return false;
  const line = lineEnd(bytes, at, end);
  const version = line.text - 8;
  return version > at && matches(bytes, version, line.text, 'HTTP/1.');
}

export function http(d: Dissection, protocol: string, from: number, end: number): void {
  const { bytes } = d;
  d.layer('Hypertext Transfer Protocol', from, end);
  const first = lineEnd(bytes, from, end);
  const start = textOf(bytes, from, first.text, mostLineBytes);
  const isResponse = start.startsWith('HTTP/');
  d.column(protocol, start);
  if (isResponse) {
    d.field('Status line', start, from, first.next - from);
    d.field('Status code', start.split(' ')[1] ?? '', from, first.text - from);
  } else {
    const [method = '', target = ''] = start.split(' ');
    d.field('Request line', start, from, first.next - from);
    d.field('Request method', method, from, method.length);
    d.field('Request URI', target, from + method.length + 1, target.length);
  }
  let at = first.next;
  for (let count = 0; at < end && count < mostHeaders; count++) {
    const line = lineEnd(bytes, at, end);
    if (line.text === at) {
      at = line.next;
      break;
    }
    header(d, at, line);
    at = line.next;
  }
  d.endLayer(at);
  if (at < end) d.layer('Body', at, end);
}

function header(d: Dissection, from: number, line: Line): void {
  const { bytes } = d;
  let split = from;
  while (split < line.text && bytes[split] !== colon) split++;
  if (split === line.text)
    return d.field('Line', textOf(bytes, from, line.text, mostLineBytes), from, line.next - from);
  let value = split + 1;
  while (value < line.text && bytes[value] === space) value++;
  const name = textOf(bytes, from, split, 80);
  d.field(name, textOf(bytes, value, line.text, mostLineBytes), from, line.next - from);
}

interface Line {
  /** Where its text ends. */
  text: number;
  /** Where the next one begins. */
  next: number;
}

export function lineEnd(bytes: Uint8Array, from: number, end: number): Line {
  const found = bytes.subarray(from, end).indexOf(lineFeed);
  if (found < 0) return { text: end, next: end };
  const at = from + found;
  return { text: at > from && bytes[at - 1] === carriageReturn ? at - 1 : at, next: at + 1 };
}

export function matches(bytes: Uint8Array, from: number, end: number, text: string): boolean {
  if (from + text.length > end) return false;
  for (let index = 0; index < text.length; index++) if (bytes[from + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** "M-SEARCH" has a hyphen. */
const isMethodByte = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d;
