// Taking back what was decided: together where it goes together, host by host where hosts differed.
import { expect, it } from 'vitest';
import { finding, onHost } from './finding.fixture.ts';
import { mostAtOnce, saidOf, setAll, takeBack } from './triage.ts';

it('findings that had one state go back together, by state', () => {
  const before = [
    finding({ id: 'a' }),
    finding({ id: 'b', state: 'acknowledged', hosts: [onHost(1, { state: 'acknowledged' })] }),
    finding({ id: 'c' }),
  ];
  expect(takeBack(before)).toEqual([
    { kind: 'many', body: { ids: ['a', 'c'], state: 'new' } },
    { kind: 'many', body: { ids: ['b'], state: 'acknowledged' } },
  ]);
});

it('where hosts differed each gets back its own', () => {
  const hosts = [onHost(1), onHost(2, { state: 'muted' }), onHost(3)];
  expect(takeBack([finding({ id: 'a', hosts, hostCount: 3 })])).toEqual([
    { kind: 'one', id: 'a', body: { state: 'new', hosts: [1, 3] } },
    { kind: 'one', id: 'a', body: { state: 'muted', hosts: [2] } },
  ]);
});

it('many are changed in several requests', () => {
  const steps = setAll(
    Array.from({ length: mostAtOnce + 1 }, (_, at) => `${at}`),
    'resolved',
  );
  expect(steps.map((step) => (step.kind === 'many' ? step.body.ids.length : 0))).toEqual([mostAtOnce, 1]);
});

it('says what was done', () =>
  expect([saidOf(1, 'muted'), saidOf(3, 'resolved')]).toEqual(['Finding muted', '3 findings resolved']));
