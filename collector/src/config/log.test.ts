// The log on a terminal: short lines in which no host's text steers the terminal.
import { expect, test } from 'vitest';
import { printable } from './printable.ts';
import { createLog, humanLine } from './log.ts';

test('one short line for each event', () => {
  const line = humanLine('{"level":"warn","time":1795175688596,"event":"agent-refused","hostId":3,"name":"web 1"}');
  expect(line).toBe('11:54:48 warn  agent-refused hostId=3 name=web 1\n');
});

test.each([
  ['\u001b[2J', '\\u{1b}[2J'],
  ['a\nb', 'a\\u{a}b'],
  ['\u202ecod.exe', '\\u{202e}cod.exe'],
  ['\u200bx', '\\u{200b}x'],
  ['\u009b31m', '\\u{9b}31m'],
  ['ünï 世界', 'ünï 世界'],
])('%j is shown as %s', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test('a terminal gets lines, and the level is kept', () => {
  const written: string[] = [];
  const log = createLog('warn', { isTTY: true, write: (text: string) => written.push(text) > 0 } as NodeJS.WriteStream);
  log.info({ event: 'quiet' });
  log.warn({ event: 'loud', name: '\u001b[31m' });
  expect(written).toHaveLength(1);
  expect(written[0]).toContain('warn  loud name=\\u{1b}[31m');
});
