// States of commands in words.
import { expect, it } from 'vitest';
import { isWaiting, stateWords } from './command-words.ts';

it.each([
  [{ status: 'queued', outcome: null, code: '' }, 'Waits for a signature'],
  [{ status: 'ended', outcome: 'gone', code: '' }, 'It is gone'],
  [
    { status: 'ended', outcome: 'refused', code: 'protected' },
    'Refused. The process is protected: ending it would take the host or Foretop away.',
  ],
  [{ status: 'refused', outcome: null, code: 'made-up' }, 'Refused.'],
  [{ status: 'lost', outcome: null, code: '' }, 'Sent, no receipt came'],
] as const)('%j', (command, words) => expect(stateWords(command)).toBe(words));

it('only what is queued waits', () => {
  expect(isWaiting({ status: 'queued' })).toBe(true);
  for (const status of ['offered', 'signed', 'ended', 'refused', 'expired', 'withdrawn', 'lost'] as const)
    expect(isWaiting({ status })).toBe(false);
});
