// The test vectors against this codec: valid ones decode to what they say, invalid ones are refused with their close code.
import { expect, test } from 'vitest';
import { conversation, invalidVectors, plain, validVectors, type VectorKind } from '../vectors/vectors.ts';
import { closeReasons } from './close-codes.ts';
import {
  decodeAgentFrame,
  decodeCollectorFrame,
  encodeAgentFrame,
  encodeCollectorFrame,
  openBatch,
  ProtocolError,
} from './codec.ts';
import { ServerFrame, ViewerFrame } from './live.ts';

const decode: Record<VectorKind, (bytes: Uint8Array, bodyBytes: number) => object> = {
  'agent-frame': decodeAgentFrame,
  'collector-frame': decodeCollectorFrame,
  batch: openBatch,
  'viewer-frame': (bytes) => ViewerFrame.decode(bytes),
  'server-frame': (bytes) => ServerFrame.decode(bytes),
};

const encode: Record<Exclude<VectorKind, 'batch'>, (message: object) => Uint8Array> = {
  'agent-frame': encodeAgentFrame,
  'collector-frame': encodeCollectorFrame,
  'viewer-frame': (message) => ViewerFrame.encode(message).finish(),
  'server-frame': (message) => ServerFrame.encode(message).finish(),
};

test('there are vectors of every kind', () => {
  expect(new Set(validVectors().map(({ kind }) => kind))).toEqual(new Set(Object.keys(decode)));
  expect(invalidVectors().length).toBeGreaterThan(20);
});

test.each(validVectors())('valid $kind $name: $about', ({ kind, bytes, bodyBytes, message, canonical }) => {
  const decoded = decode[kind](bytes, bodyBytes);
  expect(plain(decoded)).toEqual(message);
  if (canonical && kind !== 'batch') expect(Buffer.from(encode[kind](decoded))).toEqual(Buffer.from(bytes));
});

test.each(invalidVectors())('invalid $kind $name: $about', ({ kind, bytes, bodyBytes, close }) => {
  expect(Object.keys(closeReasons)).toContain(close);
  const started = performance.now();
  let thrown: unknown;
  try {
    decode[kind](bytes, bodyBytes);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ProtocolError);
  expect((thrown as ProtocolError).close).toBe(close);
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('what version 1 said is understood, and said again in the same bytes', () => {
  const { frames } = conversation('protocol-1');
  expect(new Set(frames.map(({ by, kind }) => `${by} ${kind}`)).size).toBeGreaterThan(8);
  for (const { by, kind, bytes } of frames) {
    const [frame, again] = by === 'agent' ? agentFrame(bytes) : collectorFrame(bytes);
    expect(frame).toHaveProperty('body', kind);
    expect(Buffer.from(again)).toEqual(Buffer.from(bytes));
  }
});

function agentFrame(bytes: Uint8Array): [frame: object, again: Uint8Array] {
  const frame = decodeAgentFrame(bytes);
  return [frame, encodeAgentFrame(frame)];
}

function collectorFrame(bytes: Uint8Array): [frame: object, again: Uint8Array] {
  const frame = decodeCollectorFrame(bytes);
  return [frame, encodeCollectorFrame(frame)];
}
