// Labels as people type them.
import { expect, test } from 'vitest';
import { boundTo, labelsIn, labelsInUse } from './labels.ts';

test.each([
  ['', []],
  ['prod', ['prod']],
  [' prod,  site=Berlin prod ', ['prod', 'site=berlin']],
])('%j is %j', (text, labels) => {
  expect(labelsIn(text)).toEqual(labels);
});

test('labels in use are listed once, in order', () => {
  expect(labelsInUse([{ labels: ['web', 'prod'] }, { labels: [] }, { labels: ['prod'] }])).toEqual(['prod', 'web']);
});

test('bound to all is said in words, bound to none cannot be', () => {
  expect([boundTo(null), boundTo(['prod', 'web'])]).toEqual(['all hosts', 'prod, web']);
});
