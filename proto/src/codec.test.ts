// Frames and batches to bytes and back, for any content, and the bounds of what is opened.
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../vectors/vectors.ts';
import {
  compressBatch,
  decodeAgentFrame,
  decodeCollectorFrame,
  encodeAgentFrame,
  encodeBatchBody,
  encodeCollectorFrame,
  openBatch,
} from './codec.ts';
import { limits } from './limits.ts';
import type { Hello, Pulse, SealedBatch } from './messages.ts';

// proto3 does not send a scalar that has its default, so the generators leave defaults out.
const uint32 = fc.integer({ min: 1, max: 0xffffffff });
const uint64 = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const sint64 = fc.maxSafeInteger().filter((value) => value !== 0 && Math.abs(value) < 2 ** 52);
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const optional = { requiredKeys: [] as never[] };

const clock = fc.record({ bootId: bytes(16), boottimeUs: uint64, wallUs: uint64 });
const pulse: fc.Arbitrary<Pulse> = fc.record(
  { boottimeUs: uint64, rxRate: uint64, cpuPermille: uint32, hasCoverage: fc.constant(true), processes: uint32 },
  optional,
);
const hello: fc.Arbitrary<Hello> = fc.record(
  {
    protocolVersion: uint32,
    agentVersion: text,
    machineId: bytes(32),
    host: fc.record({ name: text, addresses: fc.array(text, { minLength: 1, maxLength: 5 }), memoryBytes: uint64 }),
    clock,
    epochs: fc.array(fc.record({ epoch: bytes(8), firstSequence: uint64, lastSequence: uint64 }), {
      minLength: 1,
      maxLength: 5,
    }),
  },
  optional,
);
const batch: fc.Arbitrary<SealedBatch> = fc.record(
  {
    epoch: bytes(8),
    sequence: uint64,
    payload: fc.uint8Array({ minLength: 1, maxLength: 500 }),
    payloadBytes: uint32,
    clock,
    bootOffsetUs: sint64,
    wallOffsetUs: sint64,
  },
  optional,
);

test('agent frames come back as they were', () => {
  const frame = fc.oneof(
    hello.map((value) => ({ hello: value })),
    pulse.map((value) => ({ pulse: value })),
    batch.map((value) => ({ batch: value })),
  );
  fc.assert(
    fc.property(frame, (value) => {
      expect(plain(decodeAgentFrame(encodeAgentFrame(value)))).toEqual(plain(value));
    }),
  );
});

test('collector frames come back as they were', () => {
  const ack = fc.record(
    { epoch: bytes(8), sequence: uint64, quarantined: fc.array(uint64, { minLength: 1 }) },
    optional,
  );
  const watch = fc.record(
    { sections: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1 }), rateHz: uint32, ttlMs: uint32 },
    optional,
  );
  const frame = fc.oneof(
    ack.map((value) => ({ ack: value })),
    watch.map((value) => ({ watch: value })),
  );
  fc.assert(
    fc.property(frame, (value) => {
      expect(plain(decodeCollectorFrame(encodeCollectorFrame(value)))).toEqual(plain(value));
    }),
  );
});

test('an optional count of 0 stays apart from an unknown one', () => {
  const body = encodeBatchBody({ segments: [{ rxBytes: 0 }, {}] });
  const [known, unknown] = openBatch(compressBatch(body), body.length).segments!;
  expect(Object.hasOwn(known!, 'rxBytes') && known!.rxBytes === 0).toBe(true);
  expect(unknown!.rxBytes ?? undefined).toBeUndefined();
});

test('batches come back as they were', () => {
  const segment = fc.record(
    {
      cookie: uint64,
      localAddress: fc.oneof(bytes(4), bytes(16)),
      rxBytes: fc.maxSafeNat(),
      retransmissions: fc.nat(),
    },
    optional,
  );
  const body = fc.record(
    { bootId: bytes(16), strings: fc.array(text, { minLength: 1 }), segments: fc.array(segment, { minLength: 1 }) },
    optional,
  );
  fc.assert(
    fc.property(body, (value) => {
      const encoded = encodeBatchBody(value);
      expect(plain(openBatch(compressBatch(encoded), encoded.length))).toEqual(plain(value));
    }),
  );
});

test('a frame with as many rows as the limits allow is decoded, one more is refused before it costs memory', () => {
  const withRows = (count: number) => encodeAgentFrame({ live: { opened: Array.from({ length: count }, () => ({})) } });
  expect(decodeAgentFrame(withRows(limits.liveRowsPerFrame)).live?.opened).toHaveLength(limits.liveRowsPerFrame);
  expect(() => decodeAgentFrame(withRows(limits.liveRowsPerFrame + 1))).toThrow('not valid protobuf');
  const greedyHello = encodeAgentFrame({ hello: { sources: Array.from({ length: 400_000 }, () => ({})) } });
  expect(() => decodeAgentFrame(greedyHello)).toThrow('not valid protobuf');
});

test('a DNS answer with as many records as the limits allow is decoded, one more is not', () => {
  const addresses = (count: number) => Array.from({ length: count }, () => new Uint8Array(4));
  const live = (count: number, names = 0) =>
    encodeAgentFrame({
      live: { dns: [{ addresses: addresses(count), canonicalNames: Array.from({ length: names }, () => 'a') }] },
    });
  expect(decodeAgentFrame(live(limits.dnsAddresses, limits.dnsCanonicalNames)).live?.dns).toHaveLength(1);
  expect(() => decodeAgentFrame(live(limits.dnsAddresses + 1))).toThrow('not valid protobuf');
  expect(() => decodeAgentFrame(live(0, limits.dnsCanonicalNames + 1))).toThrow('not valid protobuf');
  const open = (count: number, name = 19_999) => {
    const canonicalNames = Array.from({ length: limits.dnsCanonicalNames }, () => name);
    const encoded = encodeBatchBody({ dnsExchanges: [{ addresses: addresses(count), canonicalNames }] });
    return openBatch(compressBatch(encoded), encoded.length);
  };
  expect(open(limits.dnsAddresses, 0xffff_ffff).dnsExchanges).toHaveLength(1);
  expect(() => open(limits.dnsAddresses + 1)).toThrow(expect.objectContaining({ close: 'malformed-frame' }));
});

test('a body with as many rows as the limits allow is opened, one more is not', () => {
  const open = (rows: number) => {
    const encoded = encodeBatchBody({ strings: Array.from({ length: rows }, () => 'x') });
    return openBatch(compressBatch(encoded), encoded.length);
  };
  expect(open(limits.batchRows).strings).toHaveLength(limits.batchRows);
  expect(() => open(limits.batchRows + 1)).toThrow(expect.objectContaining({ close: 'malformed-frame' }));
});

test('a largest body, compressed at any level up to 19, still opens', () => {
  const row = { comm: 'x'.repeat(2_000) };
  const encoded = encodeBatchBody({ processes: Array.from({ length: 4_000 }, () => row) });
  expect(encoded.length).toBeGreaterThan(limits.batchBodyBytes * 0.95);
  expect(encoded.length).toBeLessThanOrEqual(limits.batchBodyBytes);
  for (const level of [1, 3, 19]) {
    const payload = zstdCompressSync(encoded, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    expect(openBatch(payload, encoded.length).processes).toHaveLength(4_000);
  }
});

test('a decompression bomb stops at the announced size', () => {
  const bomb = compressBatch(new Uint8Array(500_000_000));
  const before = process.memoryUsage().arrayBuffers;
  expect(() => openBatch(bomb, 100)).toThrow(expect.objectContaining({ close: 'malformed-frame' }));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});
