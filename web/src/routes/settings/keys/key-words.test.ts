// Keys and grants in words; what is typed for a label.
import { expect, it } from 'vitest';
import { grantWords, parseLabels, stateOf } from './key-words.ts';

const nobody = { ids: [], labels: [], all: false };

it.each([
  [
    { capabilities: ['terminate' as const], hosts: { ...nobody, all: true } },
    'terminate on every host, also later ones',
  ],
  [
    {
      capabilities: ['probe' as const, 'terminate' as const],
      hosts: { ids: ['a', 'b'], labels: ['env=p\u202e'], all: false },
    },
    'probe, terminate on 2 hosts and hosts labelled env=p⟨202E⟩',
  ],
  [{ capabilities: [], hosts: nobody }, 'nothing on no host'],
])('%j', (grant, words) => expect(grantWords(grant)).toBe(words));

it('says what a key can do now', () => {
  const grant = { capabilities: ['terminate' as const], hosts: nobody };
  expect(stateOf({ grant: null, inForce: false })).toContain('administrator');
  expect(stateOf({ grant, inForce: false })).toContain('not in the roster');
  expect(stateOf({ grant, inForce: true })).toBe('may sign');
  expect(stateOf({ grant: null, inForce: true })).toContain('until');
});

it.each([
  ['env=prod, site=ber', ['env=prod', 'site=ber']],
  ['env=prod env=prod', ['env=prod']],
  ['', []],
  ['prod', undefined],
  ['*', undefined],
  ['env=prod, =x', undefined],
])('labels %j', (text, labels) => expect(parseLabels(text)).toEqual(labels));
