import { expect, it } from 'vitest';
import { OfHosts } from './of-hosts.ts';

it('finds what is of a host, as long as it is there', () => {
  const left: string[] = [];
  const things = new OfHosts<{ host: string; name: string }>(4, ({ name }) => left.push(name));
  const add = (host: string, name: string) => things.getOrMake(name, () => ({ host, name }));
  const names = (host: string) => things.of(host).map(({ name }) => name);
  add('1', 'a');
  add('2', 'b');
  add('1', 'c');
  expect(names('1')).toEqual(['a', 'c']);
  things.delete('c', { host: '1', name: 'c' });
  expect(names('1')).toEqual(['a']);
  for (const name of ['d', 'e', 'f', 'g', 'h']) add('2', name);
  expect(left).toContain('a');
  expect(names('1')).toEqual([]);
  const { size } = things;
  expect(names('2')).toHaveLength(size);
  expect(things.forget('2')).toHaveLength(size);
  expect([...things.values()]).toEqual([]);
});
