import { expect, test } from 'vitest';
import { SharedTexts } from './shared-texts.ts';

test('a text is kept once, until its last use is over; then its place may become another’s', () => {
  const texts = new SharedTexts();
  const place = texts.use('nginx');
  expect(texts.use('nginx')).toBe(place);
  expect(texts.use('postgres')).not.toBe(place);
  texts.release(place);
  expect(texts.at(place)).toBe('nginx');
  texts.release(place);
  expect(texts.size).toBe(1);
  expect(texts.use('sshd')).toBe(place);
  expect(texts.at(place)).toBe('sshd');
});
