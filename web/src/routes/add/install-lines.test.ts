// The lines that people copy: what they hold, and what never stands on a command line that other users can read.
import { expect, it } from 'vitest';
import { ceilings, isLoopback, linesOf, ways, type Enrolment } from './install-lines.ts';

const enrolment: Enrolment = { collector: 'https://ops-1:8443', token: 'fte_abc', ceiling: 'observe' };

it.each(ways)('%s: the token goes through a file of its own', (way) => {
  const lines = linesOf(way, enrolment);
  const withToken = lines.filter((line) => line.includes('fte_abc'));
  expect(withToken).toEqual(["(umask 077; echo 'fte_abc' > foretop.token)"]);
  expect(lines.some((line) => line.includes('https://ops-1:8443'))).toBe(true);
});

it('only more than observing is said', () => {
  expect(linesOf('script', enrolment).join('\n')).not.toContain('--ceiling');
  for (const ceiling of ceilings.slice(1))
    expect(linesOf('script', { ...enrolment, ceiling })[1]).toContain(
      `--token-file foretop.token --ceiling ${ceiling}`,
    );
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['ops-1', false],
  ['localhost.example', false],
  ['10.127.0.1', false],
])('%s is loopback: %s', (name, loopback) => expect(isLoopback(name)).toBe(loopback));
