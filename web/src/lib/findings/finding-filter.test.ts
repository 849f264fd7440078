// The filter of findings: into the address and back, to the collector, and in words.
import { expect, it } from 'vitest';
import {
  findingParameters,
  findingQuery,
  findingShown,
  findingWords,
  isFiltered,
  parseFindingFilter,
  type FindingCondition,
} from './finding-filter.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const parsed = (text: string) => parseFindingFilter(new URLSearchParams(text));
const is = (field: FindingCondition['field'], value: string, exclude = false): FindingCondition => ({
  field,
  value,
  exclude,
});

it('what is open is asked for unless the address says otherwise', () => {
  expect(findingQuery(parsed(''), nowMs)).toEqual({ state: 'new,acknowledged' });
  expect(findingQuery(parsed('state=muted'), nowMs)).toEqual({ state: 'muted' });
  expect(findingQuery(parsed('state=all'), nowMs)).toEqual({});
  expect(findingQuery(parsed('state=nonsense'), nowMs)).toEqual({ state: 'new,acknowledged' });
});

it('values of a field are joined, those with commas among them kept apart', () => {
  const filter = parsed('severity=high&severity=critical&host=a,b&detector=!beacon&q=10.0.0.7');
  expect(findingQuery(filter, nowMs)).toEqual({
    severity: 'high,critical',
    host: 'a\\,b',
    detector: '!beacon',
    q: '10.0.0.7',
    state: 'new,acknowledged',
  });
  expect(findingParameters(filter.conditions)).toEqual({
    severity: ['high', 'critical'],
    detector: ['!beacon'],
    host: ['a,b'],
  });
});

it('a period goes before instants, and becomes one', () => {
  expect(findingQuery(parsed('since=24h&from=2026-01-01T00:00:00Z'), nowMs)).toMatchObject({
    from: '2026-11-20T12:00:00.000Z',
  });
  expect(findingQuery(parsed('from=2026-01-01T00:00:00Z&to=soon'), nowMs)).toEqual({
    from: '2026-01-01T00:00:00Z',
    state: 'new,acknowledged',
  });
});

it.each(['severity=grave', 'detector=<b>', 'host=', 'since=ever'])('%s is no filter', (text) =>
  expect(isFiltered(parsed(text))).toBe(false),
);

it.each(['severity=low', 'q=x', 'since=1h', 'to=2026-01-01'])('%s is one', (text) =>
  expect(isFiltered(parsed(text))).toBe(true),
);

it('in words, with the title of a detector where it is known', () => {
  const titles = new Map([['port-scan', 'Port scan']]);
  expect([
    `${findingWords(is('detector', 'port-scan'))} ${findingShown(is('detector', 'port-scan'), titles)}`,
    `${findingWords(is('severity', 'high', true))} ${findingShown(is('severity', 'high', true), titles)}`,
    findingShown(is('detector', 'gone'), titles),
  ]).toEqual(['type is Port scan', 'severity is not high', 'gone']);
});
