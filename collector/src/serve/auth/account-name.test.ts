// Names of accounts and labels: nothing invisible, nothing directional, and one of each however it is typed.
import { expect, test } from 'vitest';
import { accountName, boundLabels, hostLabels, nameKey } from './account-name.ts';

test.each(['ann', 'Ann Lee', 'o.k_1-2@example.org', 'Žofie', '山田'])('%j is a name', (name) => {
  expect(accountName.parse(name)).toBe(name);
});

test.each(['', ' ', '-ann', 'a\u202eb', 'a\u200bb', 'a\nb', 'a<b', "a'b", 'a/b', 'x'.repeat(64), '\u{1F600}'])(
  '%j is none',
  (name) => {
    expect(accountName.safeParse(name).success).toBe(false);
  },
);

test('letters that look the same to the collector are the same', () => {
  expect(accountName.parse('ａｎｎ')).toBe('ann');
  expect(nameKey('Ann ')).toBe(nameKey('ａＮＮ'));
});

test('labels are kept once and in order', () => {
  expect(hostLabels.parse(['web', 'prod', 'web'])).toEqual(['prod', 'web']);
  for (const label of ['', 'Prod', 'a b', '-a', 'x'.repeat(64), 'a\u202eb', '*'])
    expect(hostLabels.safeParse([label]).success).toBe(false);
  expect(hostLabels.safeParse(Array.from({ length: 33 }, (_, index) => `l${index}`)).success).toBe(false);
});

test('bound to no label is neither nobody nor everybody: it is refused', () => {
  expect(boundLabels.safeParse([]).success).toBe(false);
  expect(boundLabels.parse(null)).toBeNull();
});
