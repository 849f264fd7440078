// Names that share a slot, that are cut, and that are no text.
import { expect, it } from 'vitest';
import { readComm } from './comm.ts';

function comm(name: string | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(40).fill(0xff);
  bytes.fill(0, 5, 21);
  bytes.set(typeof name === 'string' ? new TextEncoder().encode(name) : name, 5);
  return bytes;
}

it('reads each name as it stands, also the thousandth and the first again', () => {
  const all = Array.from({ length: 1_000 }, (_, index) => `worker/${index}`);
  for (let round = 0; round < 2; round++) for (const name of all) expect(readComm(comm(name), 5)).toBe(name);
});

it.each([
  ['', ''],
  ['naïve', 'naïve'],
  ['sixteen-bytes-xy', 'sixteen-bytes-x'],
  [Uint8Array.of(0x61, 0xff, 0x62), 'a\ufffdb'],
  ['a\0b', 'a'],
])('%j is %j', (written, read) => {
  expect(readComm(comm(written), 5)).toBe(read);
});
