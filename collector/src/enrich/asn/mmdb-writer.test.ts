// What is written is what a reader of the format finds.
import { formatAddress } from '@foretop/proto';
import fc from 'fast-check';
import { Reader, type Response } from 'maxmind';
import { expect, test } from 'vitest';
import { networksOf } from './csv.ts';
import { createMmdbWriter } from './mmdb-writer.ts';

const read = (file: Buffer) => new Reader<Response>(file);

test('a file says what it is', () => {
  const writer = createMmdbWriter();
  writer.insert(0x0808_0800n, 24, 4, { autonomous_system_number: 15169, autonomous_system_organization: 'Google' });
  const { metadata } = read(writer.finish('Test', 'A test', 1_700_000_000));
  expect(metadata).toMatchObject({ databaseType: 'Test', ipVersion: 6, recordSize: 28, languages: ['en'] });
  expect(metadata.buildEpoch.getTime()).toBe(1_700_000_000_000);
});

test('networks of both families are found, and nothing beside them', () => {
  const writer = createMmdbWriter();
  writer.insert(0x0808_0800n, 24, 4, { n: 1, name: 'x'.repeat(400) });
  writer.insert(0x2a02_02e0n << 96n, 32, 6, { n: 70_000, name: 'é' });
  writer.insert(0x2a02_02e0_0001n << 80n, 48, 6, { n: 0, name: 'within' });
  const reader = read(writer.finish('Test', '', 0));
  expect(reader.get('8.8.8.255')).toEqual({ n: 1, name: 'x'.repeat(400) });
  expect(reader.get('8.8.9.0')).toBeNull();
  expect(reader.get('2a02:2e0::1')).toEqual({ n: 70_000, name: 'é' });
  expect(reader.get('2a02:2e0:1::1')).toEqual({ n: 0, name: 'within' });
  expect(reader.get('2a02:2e1::')).toBeNull();
});

test('ranges of any place and length are found at their ends, and not beyond', () => {
  const ranges = fc
    .uniqueArray(fc.integer({ min: 2, max: 2 ** 32 - 2 }), { minLength: 2, maxLength: 40 })
    .map((cuts) => cuts.sort((a, b) => a - b))
    .map((cuts) => cuts.slice(0, cuts.length & ~1));
  fc.assert(
    fc.property(ranges, (cuts) => {
      const writer = createMmdbWriter();
      for (let i = 0; i < cuts.length; i += 2) {
        for (const { address, prefix } of networksOf(BigInt(cuts[i]!), BigInt(cuts[i + 1]! - 1), 32))
          writer.insert(address, prefix, 4, { n: i });
      }
      const reader = read(writer.finish('Test', '', 0));
      const at = (address: number) =>
        reader.get(formatAddress(Buffer.from([24, 16, 8, 0].map((s) => (address >>> s) & 255))));
      for (let i = 0; i < cuts.length; i += 2) {
        expect(at(cuts[i]!)).toEqual({ n: i });
        expect(at(cuts[i + 1]! - 1)).toEqual({ n: i });
        const beyond = cuts[i + 1]!;
        expect(at(beyond)).toEqual(cuts[i + 2] === beyond ? { n: i + 2 } : null);
      }
    }),
    { numRuns: 50 },
  );
});
