// Enrichment as a whole, over databases that the test writes and, for the shape of the ones that come along, over these.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Knowledge } from '../detect/detector.ts';
import { createMmdbWriter } from './asn/mmdb-writer.ts';
import { type Enrichment, type EnrichmentOptions, openEnrichment } from './enrichment.ts';

const log = pino({ level: 'silent' });
let folder: string;
let open: Enrichment[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-enrich-'));
  open = [];
});
afterEach(async () => {
  for (const enrichment of open) await enrichment[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function enrich(options: Partial<EnrichmentOptions> = {}): Promise<Enrichment> {
  const none = { cityFiles: [], asnFiles: [], listFolder: undefined, reverseDns: 'off' } as const;
  const enrichment = await openEnrichment({ dataDir: folder, ...none, log, ...options });
  open.push(enrichment);
  return enrichment;
}

async function database(name: string, record: Record<string, string | number>): Promise<string> {
  const writer = createMmdbWriter();
  writer.insert(0x0808_0800n, 24, 4, record);
  writer.insert(0x2001_4860n << 96n, 32, 6, record);
  const path = join(folder, name);
  await writeFile(path, writer.finish('Test', '', 1_780_000_000));
  return path;
}

test('what it tells detectors is what they ask for', async () => {
  const knowledge: Pick<Knowledge, 'place' | 'registrableDomain' | 'listed'> = await enrich();
  expect(knowledge.place('8.8.8.8')).toEqual({});
  expect(knowledge.registrableDomain('www.example.co.uk')).toBe('example.co.uk');
  expect(knowledge.registrableDomain('co.uk')).toBeUndefined();
  expect(knowledge.registrableDomain('192.0.2.1')).toBeUndefined();
});

describe('databases of ones own', () => {
  test('answer for both families from one file, and from memory once they are read', async () => {
    const city = await database('city.mmdb', { country_code: 'US', city: 'Mountain View' });
    const asn = await database('asn.mmdb', { asn: 'AS15169', as_name: 'Google LLC' });
    const enrichment = await enrich({ cityFiles: [city], asnFiles: [asn] });
    expect(enrichment.state().databases).toMatchObject([{ state: 'on-demand' }, { state: 'on-demand' }]);
    expect(enrichment.place('8.8.8.8')).toEqual({});
    await enrichment.ready(['8.8.8.8', '2001:4860::1']);
    const place = { country: 'US', city: 'Mountain View', asn: 15169, organisation: 'Google LLC' };
    expect(enrichment.place('8.8.8.8')).toEqual(place);
    expect(enrichment.rowPlace('2001:4860::1')).toEqual(place);
    expect(enrichment.rowPlace('9.9.9.9')).toBeNull();
    expect(enrichment.rowPlace('10.0.0.1')).toBeNull();
    expect(enrichment.state().databases).toMatchObject([{ state: 'ready', files: ['city.mmdb'] }, { state: 'ready' }]);
    // One file, read once.
    expect(enrichment.state().databases[0]!.bytes).toBeLessThan(10_000);
    expect(enrichment.attributions()).toEqual([]);
  });

  test('that are not there, or are no databases, are said so and harm nothing', async () => {
    await writeFile(join(folder, 'broken.mmdb'), 'no database');
    const enrichment = await enrich({
      cityFiles: [join(folder, 'none.mmdb')],
      asnFiles: [join(folder, 'broken.mmdb')],
    });
    await enrichment.ready(['8.8.8.8']);
    expect(enrichment.rowPlace('8.8.8.8')).toBeNull();
    expect(enrichment.state().databases).toMatchObject([
      { state: 'missing', detail: 'none.mmdb is not there.' },
      { state: 'faulty', detail: expect.stringContaining('broken.mmdb cannot be read') as string },
    ]);
  });

  test('are read again when asked; one that broke meanwhile leaves the old one in use', async () => {
    const city = await database('city.mmdb', { country_code: 'US' });
    const enrichment = await enrich({ cityFiles: [city] });
    await enrichment.ready(['8.8.8.8']);
    await database('city.mmdb', { country_code: 'DE' });
    expect(enrichment.place('8.8.8.8').country).toBe('US');
    await enrichment.reload();
    expect(enrichment.place('8.8.8.8').country).toBe('DE');
    await writeFile(city, 'cut');
    await enrichment.reload();
    expect(enrichment.place('8.8.8.8').country).toBe('DE');
    expect(enrichment.state().databases[0]).toMatchObject({ state: 'faulty' });
  });
});

test('lists are read at the start, when a file changes, and when asked', async () => {
  const lists = join(folder, 'lists');
  await mkdir(lists);
  await writeFile(join(lists, 'bad.txt'), '198.51.100.0/24\n');
  const enrichment = await enrich();
  expect(enrichment.listed({ address: '198.51.100.9' })).toEqual({ list: 'bad', entry: '198.51.100.0/24' });
  await writeFile(join(lists, 'more.txt'), 'bad.example\n');
  await vi.waitFor(() => expect(enrichment.listed({ name: 'x.bad.example' })).toMatchObject({ list: 'more' }), 5_000);
  await rm(join(lists, 'bad.txt'));
  await enrichment.reload();
  expect(enrichment.listed({ address: '198.51.100.9' })).toBeUndefined();
});

test('the folder of lists is made, so that the first file put there is seen', async () => {
  const enrichment = await enrich();
  await writeFile(join(folder, 'lists', 'first.txt'), 'bad.example\n');
  await vi.waitFor(() => expect(enrichment.listed({ name: 'bad.example' })).toMatchObject({ list: 'first' }), 5_000);
});

test('an address is told with everything that is known of it', async () => {
  const askName = () => Promise.resolve(['dns.example']);
  const enrichment = await enrich({ reverseDns: 'all', askName });
  expect(await enrichment.about(['8.8.8.8', '127.0.0.1'], 1_000)).toEqual([
    { address: '8.8.8.8', kind: 'public', place: null, listed: null, reverseName: 'dns.example', reverse: 'known' },
    { address: '127.0.0.1', kind: 'loopback', place: null, listed: null, reverseName: null, reverse: 'off' },
  ]);
});

test('the databases that come along know a well-known resolver', { timeout: 60_000 }, async () => {
  const enrichment = await enrich({ cityFiles: undefined, asnFiles: undefined });
  await enrichment.ready(['8.8.8.8', '10.0.0.1']);
  expect(enrichment.fullPlace('8.8.8.8')).toMatchObject({
    country: 'US',
    asn: 15169,
    organisation: expect.stringContaining('Google') as string,
    latitude: expect.any(Number) as number,
  });
  expect(enrichment.state().databases).toMatchObject([{ state: 'ready' }, { state: 'ready' }]);
  expect(enrichment.attributions().map(({ url }) => url)).toEqual(['https://db-ip.com', 'https://www.routeviews.org']);
});
