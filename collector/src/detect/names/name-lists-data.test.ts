import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dgaScore } from './dga.ts';
import { scoreBlock } from './replay-names.ts';
import { shippedModels } from './shipped-models.ts';

// Published lists of generated, tunnelled and innocent names. They are not part of this repository, nor did the models learn from them.
const folder = join(process.env['FORETOP_TEST_DATA'] ?? '', 'lists');
const missing = process.env['FORETOP_TEST_DATA'] === undefined || !existsSync(folder);
const reason = missing ? ' (skipped: FORETOP_TEST_DATA names no folder with lists)' : '';

const table = (file: string) =>
  gunzipSync(readFileSync(join(folder, file)))
    .toString('latin1')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

describe.skipIf(missing)(`listed names${reason}`, { timeout: 120_000 }, () => {
  it('generated names of letters and digits are found, registered ones of the Alexa list are not', () => {
    const models = shippedModels();
    const rows = table('dga_domains.csv.gz').map(([, family = '', name = '']) => ({
      family,
      found: dgaScore(models, name) >= 0.5,
    }));
    const share = (families: string[]) => {
      const chosen = rows.filter(({ family }) => families.includes(family));
      return chosen.filter(({ found }) => found).length / chosen.length;
    };
    expect(
      share([
        'cryptolocker',
        'tinba',
        'ramnit',
        'necurs',
        'murofet',
        'rovnix',
        'qadars',
        'corebot',
        'emotet',
        'ranbyus',
      ]),
    ).toBeGreaterThan(0.93);
    expect(share(['alexa'])).toBeLessThan(0.01);
  });

  it('tunnels are told from other queries', () => {
    const rows = table('dns_tunnel_queries.csv.gz').map(([, , name = '', , , label = '']) => ({
      name,
      tunnel: label === '1',
    }));
    const found = [...scoreBlock(rows.map(({ name }) => name))]
      .flatMap((text) => text.trim().split('\n'))
      .map((line) => JSON.parse(line).tunnel >= 0.5);
    const right = rows.filter(({ tunnel }, index) => tunnel && found[index]).length;
    const f1 = (2 * right) / (rows.filter(({ tunnel }) => tunnel).length + found.filter(Boolean).length);
    expect(f1).toBeGreaterThan(0.95);
  });
});
