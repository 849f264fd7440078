// Certificates of known faults, made by openssl, served by the test: each fault is found, and a good one is believed.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TlsOptions, TLSSocket } from 'node:tls';
import type { CertificateParameters } from '@foretop/proto/tools';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { look, ofKind } from '../test-run.ts';

const missing = opensslMissing();
if (missing) console.warn(`Skipped agent/src/tools/certificate: ${missing}.`);

function opensslMissing(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the command `openssl` is not installed';
  }
}

const folder = mkdtempSync(join(tmpdir(), 'foretop-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Made {
  key: string;
  cert: string;
}

let made = 0;
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

/** Times as openssl takes them: YYYYMMDDHHMMSSZ. */
interface Wanted {
  names?: string;
  key?: string[];
  hash?: string;
  from?: string;
  until?: string;
  issuer?: Made;
}

/** Self-signed, or signed by `issuer`. `openssl ca` is the one that takes any times, in every version. */
function make({ names = 'DNS:good.test', key = ['-newkey', 'rsa:2048'], hash = 'sha256', ...rest }: Wanted): Made {
  const { from = dateText(-1), until = dateText(90), issuer } = rest;
  const name = `c${++made}`;
  writeFileSync(
    join(folder, 'ca.conf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${name}.index\nnew_certs_dir=.\nrand_serial=yes\npolicy=p\nunique_subject=no
[p]\ncommonName=supplied\n[x]\n${names === '' ? 'basicConstraints=CA:TRUE' : `subjectAltName=${names}`}\n`,
  );
  writeFileSync(join(folder, `${name}.index`), '');
  openssl('req', '-new', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  if (issuer) {
    writeFileSync(join(folder, `${name}.ca.pem`), issuer.cert);
    writeFileSync(join(folder, `${name}.ca.key`), issuer.key);
  }
  const by = issuer
    ? ['-cert', `${name}.ca.pem`, '-keyfile', `${name}.ca.key`]
    : ['-selfsign', '-keyfile', `${name}.key`];
  const times = ['-startdate', from, '-enddate', until, '-md', hash];
  openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.conf',
    '-extensions',
    'x',
    ...by,
    ...times,
    '-in',
    `${name}.csr`,
    '-out',
    `${name}.pem`,
  );
  return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
}

function dateText(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
}

async function serve(options: TlsOptions): Promise<number> {
  const server = createServer(
    { ciphers: 'DEFAULT:@SECLEVEL=0', ...options },
    (socket) => void socket.on('error', () => undefined),
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function check(port: number, change: Partial<CertificateParameters> = {}) {
  const parameters = { target: '127.0.0.1', port, serverName: 'good.test', startTls: 'none' as const, ...change };
  const { events, ended } = await look('certificate', parameters);
  return { certificate: ofKind(events, 'certificate')[0], ended };
}

const texts = (weaknesses: readonly { severity: string; text: string }[]) =>
  weaknesses.map(({ severity, text }) => `${severity}: ${text}`);

describe.skipIf(missing)('a certificate', () => {
  test('of nobody known is told with all that it says', async () => {
    const one = make({ names: 'DNS:good.test,DNS:*.good.test,IP:127.0.0.1' });
    const { certificate, ended } = await check(await serve(one));
    expect(certificate).toMatchObject({
      ...{ protocol: 'TLSv1.3', trusted: false, reason: 'DEPTH_ZERO_SELF_SIGNED_CERT', nameMatches: true },
      chain: [{ names: ['good.test', '*.good.test', '127.0.0.1'], key: 'RSA 2048' }],
    });
    expect(certificate!.chain[0]!.signature).toMatch(/sha256/i);
    expect(certificate!.chain[0]!.notAfter).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(texts(certificate!.weaknesses)).toEqual(['high: self-signed']);
    expect(ended).toMatchObject({ outcome: 'completed', summary: { certificates: 1, weaknesses: 1, high: 1 } });
  });

  test.each<[string, Wanted, RegExp]>([
    ['that is over', { from: dateText(-10), until: dateText(-2) }, /^high: expired 2 days ago$/],
    ['that is not valid yet', { from: dateText(3) }, /^high: not valid before \d+ (days|hours) from now$/],
    ['that soon expires', { until: dateText(3) }, /^medium: expires in (2|3) days$/],
    ['that expires within the month', { until: dateText(20) }, /^low: expires in (19|20) days$/],
    ['for another name', { names: 'DNS:other.test' }, /^high: not for good\.test$/],
    ['for no name', { names: '' }, /^medium: names nobody/],
    ['with a short key', { key: ['-newkey', 'rsa:1024'] }, /^high: RSA key of 1024 bits$/],
    ['signed over SHA-1', { hash: 'sha1' }, /^high: SHA-1 signature$/],
    ['that lasts very long', { until: dateText(3_000) }, /^low: valid for 300\d days/],
  ])('%s', async (_what, wanted, words) => {
    const { certificate } = await check(await serve(make(wanted)));
    expect(texts(certificate!.weaknesses)).toContainEqual(expect.stringMatching(words));
  });

  test('with the chain that the server sends', async () => {
    const authority = make({ names: '', key: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] });
    const leaf = make({ issuer: authority, key: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'] });
    const { certificate } = await check(await serve({ key: leaf.key, cert: leaf.cert + authority.cert }));
    expect(certificate).toMatchObject({
      reason: 'SELF_SIGNED_CERT_IN_CHAIN',
      chain: [{ key: 'EC secp384r1' }, { key: 'EC prime256v1' }],
    });
    const alone = await check(await serve(leaf));
    expect(alone.certificate).toMatchObject({ reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', chain: [{}] });
    expect(texts(alone.certificate!.weaknesses)).toEqual(['high: not trusted: UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
  });

  test('of a server that still speaks TLS 1.0, with an old cipher', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:@SECLEVEL=0' } as const;
    const { certificate } = await check(await serve({ ...make({}), ...old }));
    expect(certificate).toMatchObject({ protocol: 'TLSv1.2', cipher: 'AES128-SHA' });
    expect(texts(certificate!.weaknesses)).toEqual([
      ...['high: self-signed', 'medium: TLS 1.0 accepted', 'medium: TLS 1.1 accepted'],
      ...['low: cipher without authentication built in: AES128-SHA', 'low: no forward secrecy'],
    ]);
  });

  test('that is not trusted ends an HTTP check with OpenSSL’s word for it', async () => {
    const url = `https://127.0.0.1:${await serve(make({ names: 'IP:127.0.0.1' }))}/`;
    const { ended } = await look('http', { url, method: 'GET', followRedirects: true });
    expect(ended).toMatchObject({ outcome: 'failed' });
    expect(ended.detail).toMatch(/^the certificate is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  });

  test('with controls in its subject shows them as numbers', async () => {
    const name = `c${++made}`;
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-utf8',
      '-subj',
      '/CN=a\u001b[2Jb\u202ec',
    );
    const { certificate } = await check(await serve({ key: read(`${name}.key`), cert: read(`${name}.pem`) }));
    expect(certificate!.chain[0]!.subject).not.toMatch(/[\p{C}]/u);
    expect(certificate!.chain[0]!.subject).toMatch(/1b|1B/);
  });
});

describe.skipIf(missing)('STARTTLS', () => {
  /** Speaks lines until it is asked for TLS; `hello` comes first. */
  async function speak(hello: string, answers: (line: string) => string | undefined): Promise<number> {
    const pair = make({});
    const server = createTcpServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.write(hello);
      const onData = (chunk: Buffer) => {
        const line = chunk.toString().trim();
        const said = answers(line);
        if (said !== undefined) return void socket.write(said);
        socket.off('data', onData);
        socket.write(line.startsWith('a1') ? 'a1 OK begin\r\n' : '220 go ahead\r\n');
        new TLSSocket(socket, { isServer: true, ...pair }).on('error', () => undefined);
      };
      socket.on('data', onData);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test('of SMTP and of IMAP leads to the certificate', async () => {
    const smtp = await speak('220-wait\r\n220 mail.test ESMTP\r\n', (line) =>
      line.startsWith('EHLO') ? '250-mail.test\r\n250-SIZE 1\r\n250 STARTTLS\r\n' : undefined,
    );
    expect((await check(smtp, { startTls: 'smtp' })).certificate).toMatchObject({ nameMatches: true });
    const imap = await speak('* OK ready\r\n', () => undefined);
    expect((await check(imap, { startTls: 'imap' })).certificate).toMatchObject({ nameMatches: true });
  });

  test.each([
    ['says no', '554 go away\u001b[2J\r\n', /said "554 go away\\x1b\[2J"/],
    ['says too much', 'x'.repeat(40_000), /more than 16384 bytes/],
    ['sends commands into TLS', '220 hi\r\n220 injected\r\n', /more before TLS|did not say|closed/],
  ])('with a server that %s fails with its words', async (_what, hello, words) => {
    const port = await speak(hello, () => '250 ok\r\n220 go\r\nMAIL FROM\r\n');
    const { ended } = await check(port, { startTls: 'smtp' });
    expect(ended.outcome).toBe('failed');
    expect(ended.detail).toMatch(words);
  });
});

test.each([
  ['noise', Buffer.alloc(2_000, 0xa5)],
  ['a record that is too long', Buffer.from('160303ffff', 'hex')],
  ['an alert', Buffer.from('15030100020228', 'hex')],
  ['half a ServerHello', Buffer.from('160303007a0200007603', 'hex')],
  ['plain HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['nothing', Buffer.alloc(0)],
])('a server that answers %s fails with words, and nothing breaks', async (_what, said) => {
  const server = createTcpServer((socket) => void socket.on('error', () => undefined).end(said)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { ended } = await check((server.address() as AddressInfo).port);
  expect(ended.outcome).toBe('failed');
  expect(ended.detail.length).toBeGreaterThan(5);
});
