// When a connection on which nothing was said at first counts as a contact, and as which.
import { expect, test } from 'vitest';
import { aConnection, monday } from '../../../../test/observations.ts';
import type { ConnectionObservation } from '../../observation.ts';
import { contactBy } from './scan-contact-of.ts';
import { SilentConnections } from './silent-connections.ts';

const opened = aConnection(monday, { closed: false, sentBytes: 0, receivedBytes: 0 });

/** A later span of it; the state of a connection that is closed says nothing of how it began. */
const later = (seconds: number, changes: Partial<ConnectionObservation>): ConnectionObservation => ({
  ...{ ...opened, first: false, startUs: opened.atUs, atUs: opened.atUs + seconds * 1e6 },
  ...changes,
});

function resultsOf(spans: readonly ConnectionObservation[]): (string | undefined)[] {
  const silent = new SilentConnections();
  return spans.map((span) => contactBy(span, silent)?.contact.result);
}

test.each<[string, Partial<ConnectionObservation>, number, string | undefined]>([
  ['its opener speaks', { sentBytes: 400 }, 20, 'success'],
  ['it is closed without a word', { closed: true, outcome: 'attempted' }, 20, 'empty'],
  ['it has been silent for a minute', {}, 60, 'empty'],
  ['less than a minute has gone by', {}, 59, undefined],
  ['only the far end has spoken', { receivedBytes: 40 }, 20, undefined],
])('when %s', (_, changes, seconds, result) => {
  expect(resultsOf([opened, later(seconds, changes)])).toEqual([undefined, result]);
});

test('it is judged once', () => {
  const spans = [opened, later(20, {}), later(70, {}), later(80, { sentBytes: 400 }), later(90, { closed: true })];
  expect(resultsOf(spans)).toEqual([undefined, undefined, 'empty', undefined, undefined]);
});

test('not where another host claims the same connection', () => {
  expect(resultsOf([opened, later(20, { host: '2', sentBytes: 400 })])).toEqual([undefined, undefined]);
});
