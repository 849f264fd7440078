// Made passwords: long enough, readable, and every letter as likely as any other.
import { expect, test } from 'vitest';
import { makePassword, shortestPassword } from './new-password.ts';

test('five groups of four, another one each time', () => {
  const made = Array.from({ length: 50 }, () => makePassword());
  expect(new Set(made).size).toBe(50);
  for (const password of made) expect(password).toMatch(/^([a-zA-Z2-9]{4}-){4}[a-zA-Z2-9]{4}$/);
  expect(made[0]!.length).toBeGreaterThanOrEqual(shortestPassword);
  expect(made.join('')).not.toMatch(/[0O1lI]/);
});

test('bytes beyond the last whole multiple of the letters are left out', () => {
  let call = 0;
  const password = makePassword((bytes) => bytes.fill(call++ === 0 ? 255 : 0));
  expect(password).toBe('aaaa-aaaa-aaaa-aaaa-aaaa');
});
