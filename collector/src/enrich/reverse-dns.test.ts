import { expect, test } from 'vitest';
import { createReverseDns } from './reverse-dns.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

test('a name is asked for once, told when it is here, and asked for anew when it is old', async () => {
  const asked: string[] = [];
  let now = 0;
  const reverse = createReverseDns({
    scope: 'all',
    now: () => now,
    ask: (address) => {
      asked.push(address);
      return Promise.resolve(['dns.google']);
    },
  });
  expect(reverse.name('8.8.8.8')).toEqual({ reverseName: null, reverse: 'asked' });
  expect(reverse.name('8.8.8.8')).toEqual({ reverseName: null, reverse: 'asked' });
  await reverse.settled('8.8.8.8');
  expect(reverse.name('8.8.8.8')).toEqual({ reverseName: 'dns.google', reverse: 'known' });
  now += 3_600_001;
  expect(reverse.name('8.8.8.8')).toEqual({ reverseName: 'dns.google', reverse: 'asked' });
  await reverse.settled('8.8.8.8');
  expect(asked).toEqual(['8.8.8.8', '8.8.8.8']);
});

test('what has no name, or no answer, is said so', async () => {
  const reverse = createReverseDns({
    scope: 'all',
    ask: (address) => Promise.reject(failure(address === '8.8.8.8' ? 'ENOTFOUND' : 'ETIMEOUT')),
  });
  for (const address of ['8.8.8.8', '1.1.1.1']) {
    reverse.name(address);
    await reverse.settled(address);
  }
  expect(reverse.name('8.8.8.8').reverse).toBe('none');
  expect(reverse.name('1.1.1.1').reverse).toBe('failed');
});

test.each([
  ['all', '8.8.8.8', 'asked'],
  ['all', '10.0.0.1', 'asked'],
  ['all', '127.0.0.1', 'off'],
  ['private', '8.8.8.8', 'off'],
  ['private', '10.0.0.1', 'asked'],
  ['off', '10.0.0.1', 'off'],
] as const)('with the scope %s, %s is %s', (scope, address, reverse) => {
  expect(createReverseDns({ scope, ask: () => Promise.resolve([]) }).name(address).reverse).toBe(reverse);
});

test('a hostile name is made safe to show', async () => {
  const reverse = createReverseDns({ scope: 'all', ask: () => Promise.resolve(['a\u202eb\u0000.example']) });
  reverse.name('8.8.8.8');
  await reverse.settled('8.8.8.8');
  expect(reverse.name('8.8.8.8').reverseName).toBe('a⟨202E⟩b\ufffd.example');
});

test('no more are asked for at once than there is room', () => {
  let underWay = 0;
  const reverse = createReverseDns({
    scope: 'all',
    ask: () => {
      underWay++;
      return new Promise(() => undefined);
    },
  });
  const states = Array.from({ length: 300 }, (_, i) => reverse.name(`8.8.${i >> 8}.${i & 255}`).reverse);
  expect(underWay).toBe(8);
  expect(states.filter((state) => state === 'asked')).toHaveLength(200);
  expect(reverse.counters()).toMatchObject({ left_out_total: 100, waiting: 200 });
});
