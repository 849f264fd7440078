// Groups by name and status, lines of tiles, and where the arrow keys lead.
import { expect, it } from 'vitest';
import { groupsOf, hostBeside, linesOf, namePrefix, plainLines } from './fleet-lines.ts';
import type { ShownHost } from './fleet-view.ts';

const host = (key: number, name: string, status = 'live'): ShownHost =>
  ({ key, name, status, rxRate: key, txRate: null }) as unknown as ShownHost;
const fleet = [
  host(1, 'db-1'),
  host(2, 'db-2', 'offline'),
  host(3, 'laptop'),
  host(4, 'web-1'),
  host(5, 'web-2'),
  host(6, 'web-3'),
];

it.each([
  ['web-07', 'web'],
  ['web07', 'web'],
  ['edge.eu_3', 'edge.eu'],
  ['laptop', 'laptop'],
  ['10', '10'],
])('%s is of %s', (name, group) => expect(namePrefix(name)).toBe(group));

it('groups by name; single hosts come last together', () => {
  const groups = groupsOf(fleet, 'name', false);
  expect(groups.map(({ label, hosts, rxRate, missing }) => [label, hosts.length, rxRate, missing])).toEqual([
    ['db', 2, 3, 1],
    ['web', 3, 15, 0],
    ['others', 1, 3, 0],
  ]);
});

it('worst first', () => {
  const turned = [...fleet].reverse();
  expect(groupsOf(turned, 'name', false)[0]!.label).toBe('web');
  expect(groupsOf(turned, 'name', true)[0]!.label).toBe('db');
  expect(groupsOf(fleet, 'status', false).map((group) => [group.label, group.txRate])).toEqual([
    ['Offline', null],
    ['Live', null],
  ]);
});

it('lines', () => {
  const groups = groupsOf(fleet, 'name', false);
  expect(linesOf(groups, 2, false).map(({ group, hosts }) => [group?.label, hosts.length])).toEqual([
    ['db', 2],
    ['web', 2],
    [undefined, 1],
    ['others', 1],
  ]);
  expect(linesOf(groups, 1, true).map(({ hosts }) => hosts.length)).toEqual([0, 1, 1, 0, 1, 1, 1, 0, 1]);
});

it.each([
  [undefined, { line: 0, place: 1 }, 1],
  [2, { line: 0, place: 1 }, 3],
  [1, { line: 0, place: -1 }, 1],
  [3, { line: 1, place: 0 }, 6],
  [6, { line: 1, place: 0 }, 6],
  [6, { line: -1, place: 0 }, 3],
])('from %s by %o to %d', (from, step, to) => expect(hostBeside(plainLines(fleet, 3), from, step)).toBe(to));
