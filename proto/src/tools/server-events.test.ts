// Events as a collector streams them, in whatever pieces the network makes of them.
import { expect, test } from 'vitest';
import { serverEventReader } from './server-events.ts';

const text = 'retry: 1000\n\nid: 7\nevent: said\ndata: {"a":"ü: b"}\n\n: here\n\nevent: end\ndata: {}\n\n';
const events = [
  { kind: 'said', id: '7', data: '{"a":"ü: b"}' },
  { kind: 'end', id: '', data: '{}' },
];

test.each([1, 2, 3, 7, 1_000])('whole events out of pieces of %i bytes', (size) => {
  const read = serverEventReader();
  const bytes = new TextEncoder().encode(text);
  const found = [];
  for (let start = 0; start < bytes.length; start += size) found.push(...read(bytes.slice(start, start + size)));
  expect(found).toEqual(events);
});

test('an event without an end is not kept for ever', () => {
  const read = serverEventReader();
  const portion = new Uint8Array(1 << 20).fill(97);
  expect(() => {
    for (let times = 0; times < 10; times++) read(portion);
  }).toThrow(/longer/);
});
