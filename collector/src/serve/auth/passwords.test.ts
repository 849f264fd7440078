// Passwords: the hash is Argon2id as others compute it, few are computed at once, and weak ones are refused in words.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPasswords, passwordFault } from './passwords.ts';

/** Of the reference implementation's tests (phc-winner-argon2, src/test.c): version 0x13, t=2, m=2^16, p=1. */
const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

test('a hash of the reference implementation is recognised, with its own parameters', async () => {
  const passwords = createPasswords();
  expect(await passwords.matches('password', reference)).toBe(true);
  expect(await passwords.matches('passwore', reference)).toBe(false);
});

test('the same password has another hash each time, and each is recognised', async () => {
  const passwords = createPasswords();
  const [one, other] = [await passwords.hash('Grüße vom Vormast'), await passwords.hash('Grüße vom Vormast')];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(other);
  // The same letters, typed as base letter and accent.
  expect(await passwords.matches('Grüße vom Vormast'.normalize('NFD'), one)).toBe(true);
  expect(await passwords.matches('grüße vom vormast', other)).toBe(false);
});

test('without a hash it takes as long, and nothing fits', async () => {
  const passwords = createPasswords();
  const real = await passwords.hash('a lantern on the foremast');
  const timed = async (hash: string | undefined): Promise<number> => {
    // Of the processor, so that a busy machine changes nothing.
    const before = process.cpuUsage();
    expect(await passwords.matches('another lantern entirely', hash)).toBe(false);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const rounds = 5;
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    times[0].push(await timed(real));
    times[1].push(await timed(undefined));
  }
  const [known, unknown] = times.map((list) => Math.min(...list)) as [number, number];
  expect(unknown / known).toBeGreaterThan(0.6);
  expect(unknown / known).toBeLessThan(1.6);
});

test('two at once, sixteen wait, further ones are told to come back', { timeout: 60_000 }, async () => {
  const passwords = createPasswords();
  const asked = Array.from({ length: 30 }, () =>
    passwords.hash('a lantern on the foremast').then(
      () => 'done',
      (error: { code: string }) => error.code,
    ),
  );
  await sleep(0);
  expect(passwords.counters()).toMatchObject({ passwords_waiting: 16, passwords_refused_total: 12 });
  expect(passwords.counters()['passwords_hashed_total']).toBe(2);
  const outcomes = await Promise.all(asked);
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(18);
  expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(12);
  expect(await passwords.hash('there is room again')).toContain('$argon2id$');
});

test.each([
  ['short', /at least 15/],
  ['aaaaaaaaaaaaaaaaaaaa', /same few characters/],
  ['i am Ann-Kathrin, really', /name of the account/],
  ['x'.repeat(300), /at most 256/],
])('%j is refused', (password, words) => {
  expect(passwordFault(password, 'ann-kathrin')).toMatch(words);
});

test('several words are taken, in any script', () => {
  for (const password of ['correct horse battery', 'фонарь на фок-мачте', '三本のマストの上に灯る明かりが見える'])
    expect(passwordFault(password, 'ann')).toBeUndefined();
});
