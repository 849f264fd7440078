// The typed confirmation: nothing but the host and the number of this offer will do.
import type { OfferedAction, OfferedProcess } from '@foretop/proto/trust';
import { expect, it } from 'vitest';
import { confirms, phraseOf } from './confirmation.ts';

const process = { pid: 21877, name: 'python3' } as OfferedProcess;
const terminate: OfferedAction = { kind: 'terminate', process, tree: [] };
const close = {
  kind: 'close-connection',
  remote: { address: '185.220.101.34', port: 443 },
} as OfferedAction;

it('names the host and the PID, or the port of the other end', () => {
  expect(phraseOf(terminate, 'web-07', 7)).toBe('web-07 21877');
  expect(phraseOf(close, 'web-07', 7)).toBe('web-07 443');
});

it.each([['wéb'], ['web\u202e70'], ['two words'], [''], ['x'.repeat(65)]])(
  'a host called %j goes by its number',
  (name) => expect(phraseOf(terminate, name, 7)).toBe('host-7 21877'),
);

it.each([
  ['web-07 21877', true],
  ['  web-07   21877 ', true],
  ['web-07', false],
  ['web-07 2187', false],
  ['web-07 218777', false],
  ['WEB-07 21877', false],
  ['web-08 21877', false],
  ['web-07 python3', false],
  ['', false],
  ['.* 21877', false],
])('%j: %s', (typed, expected) => expect(confirms(typed, 'web-07 21877')).toBe(expected));
