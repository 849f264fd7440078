// The mail server and the files of places, out of the environment.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';
import { readEnvironment } from './environment.ts';

const parse = (variables: Record<string, string>) =>
  parseConfig(readEnvironment({ HOME: '/h', ...variables }, 'linux'), {}, false);
const faultsOf = (variables: Record<string, string>): readonly string[] => {
  try {
    parse(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};
const from = { FORETOP_SMTP_FROM: 'foretop@example.org' };

test.each([
  ['smtp://mail.example', { host: 'mail.example', port: 587, encryption: 'starttls', user: undefined }],
  ['smtp://mail.example:2525', { port: 2525, encryption: 'starttls' }],
  ['smtps://ann%40example.org:p%3Aw@mail.example', { port: 465, encryption: 'tls', user: 'ann@example.org' }],
  ['smtp+plain://[::1]:25', { host: '::1', port: 25, encryption: 'none' }],
])('%s', (url, mail) => {
  expect(parse({ ...from, FORETOP_SMTP_URL: url }).mail).toMatchObject({ ...mail, from: 'foretop@example.org' });
});

test('the password is there for whoever sends, and shows nowhere', () => {
  const config = parse({ ...from, FORETOP_SMTP_URL: 'smtps://ann:p%3Assw0rd@mail.example' });
  expect(config.mail?.password?.reveal()).toBe('p:ssw0rd');
  expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}${config.printed}`).not.toMatch(/ssw0rd/);
});

test.each([
  ['mail.example', 'smtp://'],
  ['http://mail.example', 'smtp://'],
  ['smtp://mail.example/path', 'smtp://'],
  ['smtp://secret-user:secret-pw@', 'smtp://'],
  ['smtp://secret%ZZ@mail.example', 'smtp://'],
])('%s is refused, without being repeated', (url, why) => {
  const [fault] = faultsOf({ ...from, FORETOP_SMTP_URL: url });
  expect(fault).toContain(why);
  expect(fault).not.toContain('secret');
});

test('a server without a sender is refused, and so is a sender that is none', () => {
  expect(faultsOf({ FORETOP_SMTP_URL: 'smtp://mail.example' })).toEqual([expect.stringContaining('FORETOP_SMTP_FROM')]);
  expect(faultsOf({ FORETOP_SMTP_FROM: 'ann@example.org\nBcc: x@y.z' })).toHaveLength(1);
  expect(parse({}).mail).toBeUndefined();
});

test('places come along, from files of ones own, or not at all', () => {
  expect(parse({}).places).toEqual({
    cityFiles: undefined,
    asnFiles: undefined,
    listFolder: undefined,
    reverseDns: 'all',
  });
  const own = {
    FORETOP_PLACES_CITY: '/g/four.mmdb, /g/six.mmdb',
    FORETOP_PLACES_ASN: 'none',
    FORETOP_REVERSE_DNS: 'off',
  };
  expect(parse(own).places).toMatchObject({
    cityFiles: ['/g/four.mmdb', '/g/six.mmdb'],
    asnFiles: [],
    reverseDns: 'off',
  });
  expect(faultsOf({ FORETOP_PLACES_CITY: 'a,b,c' })).toHaveLength(1);
});
