// What a tool says, in frames: whole, in order, and never larger than both ends allow.
import type { ToolOutput } from '@foretop/proto';
import { readToolEvents, type ToolEvent, toolLimits } from '@foretop/proto/tools';
import { expect, test } from 'vitest';
import { ToolOutputs } from './output.ts';

const requestId = new Uint8Array(16).fill(7);
const port = (number: number): ToolEvent => ({ kind: 'port', port: number, state: 'open', service: 'x'.repeat(60) });

test('a thousand events come in few frames, in order, without a hole, each within its bound', () => {
  const sent: ToolOutput[] = [];
  const outputs = new ToolOutputs(requestId, (output) => sent.push(output) > 0);
  const events = Array.from({ length: 2_000 }, (_, index) => port(index + 1));
  for (const event of events) outputs.say(event);
  outputs.flush();
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.length).toBeLessThan(10);
  expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index + 1));
  expect(sent.flatMap((output) => readToolEvents(output.events!))).toEqual(events);
  expect(sent.every((output) => output.requestId === requestId)).toBe(true);
});

test('a few events leave soon, without anybody asking', async () => {
  const { promise, resolve } = Promise.withResolvers<ToolOutput>();
  new ToolOutputs(requestId, (output) => (resolve(output), true)).say(port(1));
  expect((await promise).events).toHaveLength(1);
});

test('an event that is too long is not sent, and its absence is', () => {
  const sent: ToolOutput[] = [];
  const outputs = new ToolOutputs(requestId, (output) => sent.push(output) > 0);
  outputs.say({ kind: 'progress', done: 0, of: 0, text: 'x'.repeat(toolLimits.eventBytes) });
  outputs.flush();
  expect(readToolEvents(sent[0]!.events!)).toMatchObject([
    { kind: 'progress', text: expect.stringContaining('too long') },
  ]);
});

test('packets go out at once, behind what was said before, and leave no hole when there is no room', () => {
  const sent: ToolOutput[] = [];
  let hasRoom = false;
  const outputs = new ToolOutputs(requestId, (output) => (hasRoom || !output.packets) && sent.push(output) > 0);
  outputs.say(port(1));
  expect(outputs.sendPackets(Uint8Array.of(1))).toBe(false);
  hasRoom = true;
  expect(outputs.sendPackets(Uint8Array.of(1))).toBe(true);
  outputs.say(port(2));
  outputs.flush();
  expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(sent.map(({ events, packets }) => [events!.length, packets?.length ?? 0])).toEqual([
    [1, 0],
    [0, 1],
    [1, 0],
  ]);
});
