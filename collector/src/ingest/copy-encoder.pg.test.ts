import fc from 'fast-check';
import { formatAddress } from '@foretop/proto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestDatabase } from '../../test/databases.ts';
import { testDatabase } from '../../test/postgres.ts';
import { CopyEncoder } from './copy-encoder.ts';
import { copyIn } from './copy-in.ts';
import { cleanText } from '../store/host-text.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    'create table t (place int4, b bool, i2 int2, i4 int4, i8 int8, id int8, ts timestamptz, txt text, raw bytea, ip inet, maybe8 int8)',
  );
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

const anyText = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', '\udc00', '<b>', '😀')),
});
const row = fc.record({
  b: fc.boolean(),
  i2: fc.integer({ min: -0x8000, max: 0x7fff }),
  i4: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  i8: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 1 - 2 ** 53)),
  id: fc.record({ high: fc.integer(), low: fc.integer() }),
  ts: fc.integer({ min: -(2 ** 49), max: 2 ** 52 }),
  txt: anyText.map((text) => cleanText(text, 300)),
  raw: fc.uint8Array({ maxLength: 5_000 }),
  ip: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  maybe8: fc.option(fc.maxSafeNat()),
});

test('Postgres reads back what was encoded', async () => {
  const encoder = new CopyEncoder();
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 300 }), async (rows) => {
      encoder.reset();
      for (const [place, value] of rows.entries()) {
        const text = Buffer.from(value.txt);
        encoder.reserve(text.length + value.raw.length);
        encoder.row(11);
        encoder.int4(place);
        encoder.bool(value.b);
        encoder.int2(value.i2);
        encoder.int4(value.i4);
        encoder.int8(value.i8);
        encoder.hash(value.id);
        encoder.timestamp(value.ts);
        encoder.bytes(text);
        encoder.bytes(value.raw);
        encoder.inet(value.ip);
        encoder.nullableInt8(value.maybe8);
      }
      await client.query('truncate t');
      await copyIn(
        client,
        't',
        ['place', 'b', 'i2', 'i4', 'i8', 'id', 'ts', 'txt', 'raw', 'ip', 'maybe8'],
        [encoder.slice(0, encoder.length)],
      );
      const { rows: found } = await client.query<Record<string, unknown>>(
        `select b, i2, i4, i8::text, id::text, (extract(epoch from ts) * 1000000)::int8::text as ts, txt, raw, host(ip) as ip,
           masklen(ip) as bits, maybe8::text from t order by place`,
      );
      expect(found).toEqual(
        rows.map((value) => ({
          b: value.b,
          i2: value.i2,
          i4: value.i4,
          i8: String(value.i8),
          id: String(BigInt.asIntN(64, (BigInt(value.id.high) << 32n) | BigInt.asUintN(32, BigInt(value.id.low)))),
          ts: String(value.ts),
          txt: value.txt,
          raw: Buffer.from(value.raw),
          ip: expect.toSatisfy((text: string) => sameAddress(text, value.ip)) as unknown,
          bits: value.ip.length * 8,
          maybe8: value.maybe8 === null ? null : String(value.maybe8),
        })),
      );
    }),
    { numRuns: 40 },
  );
});

/** Postgres writes IPv4-mapped and -compatible addresses in a dotted form, so IPv6 is compared by its bytes. */
function sameAddress(text: string, bytes: Uint8Array): boolean {
  if (bytes.length === 4) return text === formatAddress(bytes);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16);
  const plain = dotted === null ? text : `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}`;
  const [left = '', right] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const tail = right === undefined ? [] : groups(right);
  const zeros = Array.from({ length: right === undefined ? 0 : 8 - groups(left).length - tail.length }, () => '0');
  const all = [...groups(left), ...zeros, ...tail].map((group) => group.padStart(4, '0')).join('');
  return all === Buffer.from(bytes).toString('hex');
}

test('a buffer that grows keeps the rows before', () => {
  const encoder = new CopyEncoder();
  const value = new Uint8Array(100_000).fill(7);
  for (let count = 0; count < 20; count++) {
    encoder.reserve(value.length);
    encoder.row(1);
    encoder.bytes(value);
  }
  const bytes = encoder.slice(0, encoder.length);
  expect(bytes.length).toBe(20 * (2 + 4 + 100_000));
  expect(bytes.subarray(100_006, 100_012).toString('hex')).toBe('0001000186a0');
});
