// Secrets must not leave the host in command lines; what is no secret must stay readable.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactCommandLine, redactText } from './redact.ts';

const hidden: [args: string[], expected: string][] = [
  [['app', '--password', 'hunter2'], 'app --password [redacted]'],
  [['app', '--password=hunter2'], 'app --password=[redacted]'],
  [['app', '--db-password', 'a b c'], 'app --db-password [redacted]'],
  [['app', '--password=two words', 'next'], 'app --password=[redacted] next'],
  [['app', '--token=abc', '--port', '80'], 'app --token=[redacted] --port 80'],
  [['app', '--client-secret', 's3'], 'app --client-secret [redacted]'],
  [['app', '--apiKey', 's3'], 'app --apiKey [redacted]'],
  [['app', '-password', 's3'], 'app -password [redacted]'],
  [
    ['java', '-Dspring.datasource.password=pw', '-jar', 'a.jar'],
    'java -Dspring.datasource.password=[redacted] -jar a.jar',
  ],
  [
    ['env', 'GITHUB_TOKEN=abc', 'AWS_SECRET_ACCESS_KEY=def', 'run'],
    'env GITHUB_TOKEN=[redacted] AWS_SECRET_ACCESS_KEY=[redacted] run',
  ],
  [['env', 'PGPASSWORD=abc', 'psql'], 'env PGPASSWORD=[redacted] psql'],
  [['mysql', '-u', 'root', '-phunter2', 'shop'], 'mysql -u root -p[redacted] shop'],
  [['/usr/bin/mysqldump', '-phunter2'], '/usr/bin/mysqldump -p[redacted]'],
  [['sshpass', '-p', 'hunter2', 'ssh', 'h'], 'sshpass -p [redacted] ssh h'],
  [['redis-cli', '-a', 'hunter2', 'ping'], 'redis-cli -a [redacted] ping'],
  [['ldapsearch', '-w', 'hunter2'], 'ldapsearch -w [redacted]'],
  [['curl', '-u', 'me:hunter2', 'http://h/'], 'curl -u me:[redacted] http://h/'],
  [['curl', '-H', 'Authorization: Bearer abcdefghijkl'], 'curl -H Authorization: Bearer [redacted]'],
  [['curl', '-H', 'X-Api-Key: abcdef'], 'curl -H X-Api-Key: [redacted]'],
  [['curl', 'https://me:pa55@host/x'], 'curl https://me:[redacted]@host/x'],
  [['psql', 'postgresql://me:pa55@db/x'], 'psql postgresql://me:[redacted]@db/x'],
  [['curl', 'https://h/?a=1&access_token=abc&b=2'], 'curl https://h/?a=1&access_token=[redacted]&b=2'],
  [['aws', 'AKIAIOSFODNN7EXAMPLE'], 'aws [redacted]'],
  [['x', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc'], 'x [redacted]'],
  [['git', 'clone', 'https://ghp_0123456789abcdefghij0123@h/r'], 'git clone https://[redacted]@h/r'],
  [
    ['sh', '-c', 'mysql -psecret shop && X_TOKEN=abc run --password p4 now'],
    'sh -c mysql -p[redacted] shop && X_TOKEN=[redacted] run --password [redacted] now',
  ],
  [['app', '{"password":"x y","port":1}'], 'app {"password":[redacted],"port":1}'],
  [['openssl', 'rsa', '-passin', 'pass:hunter2'], 'openssl rsa -passin pass:[redacted]'],
  [['agent', '--token', '-dashed-value'], 'agent --token [redacted]'],
  [['foretop-agent', 'fte1_abcdefghijklmnopqrstuvwxyz'], 'foretop-agent [redacted]'],
];

const kept: string[][] = [
  ['sshd', '-D', '-p', '22'],
  ['postgres:', 'app', 'shop', '10.0.0.7(5123)', 'idle'],
  ['app', '--token-file', '/run/secrets/t', '--password-file=/etc/pw'],
  ['app', '--max-tokens', '4096', '--author', 'me', '--passive'],
  ['tar', '-xzf', 'a.tgz'],
  ['app', '--password-min-length=12', '--auth-type', 'oidc'],
  ['nginx: worker process'],
  ['curl', 'https://host:8443/path@x?q=token'],
  ['foretop-agent', 'run', '--collector', 'http://localhost:8420', '--token-file', '-'],
];

describe('redactCommandLine', () => {
  it.each(hidden)('%j', (args, expected) => expect(redactCommandLine(args, 4096)).toBe(expected));

  it.each(kept.map((args) => [args]))('keeps %j', (args) => expect(redactCommandLine(args, 4096)).toBe(args.join(' ')));

  it('never shows the value of a secret option, whatever it is', () => {
    const value = fc
      .string({ minLength: 6 })
      .filter((text) => /[^\s\p{C}]{6}/u.test(text) && !'[redacted]'.includes(text));
    fc.assert(
      fc.property(fc.constantFrom('--password', '--token', '--api-key', 'DB_PASSWORD'), value, (name, secret) => {
        expect(redactCommandLine(['app', `${name}=${secret}`], 4096)).toBe(`app ${name}=[redacted]`);
      }),
    );
  });

  it('replaces control characters and cuts', () => {
    expect(redactCommandLine(['a\nb', 'c\u001b[31m'], 100)).toBe('a b c [31m');
    expect(redactCommandLine(['x'.repeat(100)], 10)).toBe('x'.repeat(10));
  });

  it('takes hostile input in linear time', () => {
    const start = performance.now();
    for (const text of [
      'a='.repeat(16_000),
      '-'.repeat(32_000),
      '"'.repeat(32_000),
      'password '.repeat(3_500),
      'a:/'.repeat(10_000),
    ])
      redactText(text);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
