// The palette's search.
import { expect, it } from 'vitest';
import { findEntries, type Entry } from './palette-entries.ts';

const entry = (group: string, label: string, search = label): Entry => ({
  id: label,
  group,
  label,
  search: search.toLowerCase(),
  run: () => undefined,
});
const entries = [
  entry('Do', 'Dark theme'),
  entry('Hosts', 'db-10'),
  entry('Hosts', 'web-2', 'web-2 10.0.0.2 debian'),
  entry('Hosts', 'old-web'),
  entry('Hosts', 'db-9'),
  entry('Pages', 'Fleet'),
];
const found = (text: string) => findEntries(entries, text).map((item) => item.label);

it.each([
  ['', ['db-9', 'db-10', 'old-web', 'web-2', 'Fleet', 'Dark theme']],
  ['web', ['web-2', 'old-web']],
  ['DEBIAN 10.0', ['web-2']],
  ['nothing', []],
])('%j finds %j', (text, labels) => expect(found(text)).toEqual(labels));

it('bounds each group', () => {
  const many = Array.from({ length: 100 }, (_, index) => entry('Hosts', `host-${index}`));
  expect(findEntries(many, '').length).toBe(6);
  expect(findEntries(many, 'host').length).toBe(30);
});

it('shows every page without a text', () => {
  const many = Array.from({ length: 20 }, (_, index) => entry('Pages', `page-${index}`));
  expect(findEntries(many, '').length).toBe(20);
});
