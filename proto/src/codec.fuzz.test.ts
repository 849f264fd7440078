// Random and damaged input with a fixed seed: the decoders answer with a message or a ProtocolError, and never take long.
import { describe, expect, test } from 'vitest';
import { validVectors } from '../vectors/vectors.ts';
import { decodeAgentFrame, decodeCollectorFrame, openBatch, ProtocolError } from './codec.ts';
import { limits } from './limits.ts';
import { unpackDeltas } from './delta-varint.ts';

/** Mulberry32: 32-bit state, the same sequence on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = Array.from(bytes);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(copy.length + 1);
    const kind = random(5);
    if (kind === 0) copy.splice(at, 1 + random(8));
    else if (kind === 1) copy.splice(at, 0, random(256));
    else if (kind === 2)
      copy.splice(at, 0, ...copy.slice(random(copy.length + 1), random(copy.length + 1)).slice(0, 64));
    else if (at < copy.length) copy[at] = kind === 3 ? random(256) : copy[at]! ^ (1 << random(8));
  }
  return Uint8Array.from(copy);
}

/** Whether it decoded; anything thrown but a ProtocolError fails the test and shows the bytes. */
function decodes(decode: () => unknown, bytes: Uint8Array): boolean {
  const started = performance.now();
  try {
    decode();
    return true;
  } catch (error) {
    if (!(error instanceof ProtocolError))
      throw new Error(`not a ProtocolError for ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    return false;
  } finally {
    expect(performance.now() - started).toBeLessThan(3_000);
  }
}

function run(
  rounds: number,
  input: (random: (below: number) => number) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): number {
  const random = randomFrom(0x0f0e70b);
  let decoded = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = input(random);
    if (decodes(() => decode(bytes), bytes)) decoded++;
  }
  return decoded;
}

const noise = (random: (below: number) => number) => Uint8Array.from({ length: random(200) }, () => random(256));
const vectors = validVectors();

describe('random bytes', () => {
  test.each([['agent', decodeAgentFrame] as const, ['collector', decodeCollectorFrame] as const])(
    'as %s frames',
    (_, decode) => {
      expect(run(10_000, noise, decode)).toBeLessThan(1_000);
    },
  );

  test('as batch payloads', () => {
    expect(run(3_000, noise, (bytes) => openBatch(bytes, 1_000))).toBe(0);
  });

  test('as batch payloads behind a zstd magic number', () => {
    const magic = (random: (below: number) => number) => Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, ...noise(random)]);
    run(3_000, magic, (bytes) => openBatch(bytes, limits.batchBodyBytes));
  });

  test('as metric series', () => {
    const random = randomFrom(1);
    for (let round = 0; round < 10_000; round++) {
      const bytes = noise(random);
      try {
        const values = unpackDeltas(bytes, random(60));
        expect(values.every(Number.isSafeInteger)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });
});

describe('valid frames with damage', () => {
  test.each(vectors.filter(({ kind }) => kind === 'agent-frame'))('$name', ({ bytes }) => {
    run(1_000, (random) => mutate(bytes, random), decodeAgentFrame);
  });

  test.each(vectors.filter(({ kind }) => kind === 'collector-frame'))('$name', ({ bytes }) => {
    run(1_000, (random) => mutate(bytes, random), decodeCollectorFrame);
  });

  test.each(vectors.filter(({ kind }) => kind === 'batch'))('$name', ({ bytes, bodyBytes }) => {
    run(
      500,
      (random) => mutate(bytes, random),
      (damaged) => openBatch(damaged, bodyBytes),
    );
  });
});
