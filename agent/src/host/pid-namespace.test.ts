// Numbers of processes count only where /proc and the system calls mean the same ones.
import { expect, it } from 'vitest';
import { foreignNumbers, type OwnNumber } from './pid-namespace.linux.ts';

const status = (numbers: string) => `Name:\tnode\nNStgid:\t${numbers}\nNSpid:\t${numbers}\nNSpgid:\t1\n`;
const own = (pid: number, link: string, text: string): OwnNumber => ({ pid, link: () => link, status: () => text });

it.each<[string, OwnNumber]>([
  ['on the host', own(4711, '4711', status('4711'))],
  ['in a container with its own /proc', own(7, '7', status('7'))],
])('%s they do', (_what, numbers) => expect(foreignNumbers(numbers)).toBe(''));

it.each<[string, OwnNumber, RegExp]>([
  ['/proc of the namespace around', own(1, '4711', status('4711\t1')), /another PID namespace/],
  ['/proc of the namespace around, with the same number by chance', own(7, '7', status('7\t7')), /another/],
  ['/proc of two namespaces around', own(7, '7', status('7\t7\t7')), /another/],
  ['a link that says something else', own(7, '8', status('7')), /another/],
  ['a kernel that tells nothing', own(7, '7', 'Name:\tnode\n'), /does not tell/],
])('with %s they do not', (_what, numbers, why) => expect(foreignNumbers(numbers)).toMatch(why));

it('with /proc of a namespace that does not have this process they do not', () => {
  const link = () => {
    throw new Error('ENOENT');
  };
  expect(foreignNumbers({ pid: 7, link, status: () => status('7') })).toMatch(/cannot be read: ENOENT/);
});
