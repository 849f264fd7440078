import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CardScanner } from '@foretop/proto';

// Published test numbers, near misses and digits out of real traffic. They are not part of this repository.
const file = join(process.env['FORETOP_TEST_DATA'] ?? '', 'lists/pan.csv');
const missing = process.env['FORETOP_TEST_DATA'] === undefined || !existsSync(file);
const reason = missing ? ' (skipped: FORETOP_TEST_DATA names no folder with lists/pan.csv)' : '';

describe.skipIf(missing)(`the listed numbers${reason}`, () => {
  it('finds all that are cards and no other', () => {
    const wrong = readFileSync(missing ? '/dev/null' : file, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .filter((line) => {
        const [text = '', expected = ''] = line.split(',');
        const scanner = new CardScanner();
        return [...scanner.push(text), ...scanner.end()].length !== Number(expected);
      });
    expect(wrong).toEqual([]);
  });
});
