// Card numbers leave the host masked; other numbers stay as they are.
import { expect, test } from 'vitest';
import { maskCards } from './mask-cards.ts';
import { redactCommandLine } from './redact.ts';

test.each([
  ['pay --card 4111111111111111 --amount 12', 'pay --card 411111******1111 --amount 12'],
  ['pay --card "5555 5555 5555 4444"', 'pay --card "555555******4444"'],
  ['visa 4111-1111-1111-1111, visa 4012888888881881', 'visa 411111******1111, visa 401288******1881'],
])('%s', (text, masked) => {
  expect(maskCards(text)).toBe(masked);
});

test.each(['sleep 1763769600000', 'worker --id 4111111111111112', 'run 10.0.0.1:8420 2026-11-22T01:02:03.456789Z'])(
  'is left as it is: %s',
  (text) => {
    expect(maskCards(text)).toBe(text);
  },
);

test('a command line leaves the host without the number', () => {
  expect(redactCommandLine(['sh', '-c', 'refund 4111111111111111'], 200)).toBe('sh -c refund 411111******1111');
});
