// Others' words on one line: nothing in them is obeyed by whoever shows them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstLineOf, lineOf } from './text.ts';

test.each([
  ['SSH-2.0-OpenSSH_9.2\r\nmore', 'SSH-2.0-OpenSSH_9.2'],
  ['\r\n\r\nsecond', 'second'],
  ['a\u001b[2Jb', 'a\\x1b[2Jb'],
  ['\0\u007f\u009b', '\\x00\\x7f\\x9b'],
  ['<b>&"', '<b>&"'],
])('%j reads %j', (text, line) => {
  expect(firstLineOf(Buffer.from(text, 'latin1'), 200)).toBe(line);
});

test('directions, invisible characters and halves of pairs are shown as numbers', () => {
  expect(lineOf('a\u202eb\u200bc\ufeff', 100)).toBe('a\\u{202e}b\\u{200b}c\\u{feff}');
  expect(lineOf('x\ud800', 100)).toBe('x\ufffd');
});

test('no line is longer than it may be, ends within an escape, or holds a control', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, most) => {
      const line = lineOf(text, most);
      expect(line.length).toBeLessThanOrEqual(most);
      expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
