// E-mail over a real SMTP dialogue: what arrives, encryption that is required, and what replies mean.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { createMailer, type MailServer } from './send-email.ts';
import { type Certificate, certificate, change, mailServer, outgoing, passwordFile, sender } from './test-receivers.ts';

const settings = { kind: 'email', to: ['ops@example.org', 'night@example.org'] } as const;
const server = (port: number, more: Partial<MailServer> = {}): MailServer => ({
  ...{ host: '127.0.0.1', port, encryption: 'none', from: 'foretop@example.org' },
  ...{ user: undefined, password: undefined, passwordFile: undefined },
  ...more,
});
const send = (mail: MailServer, more = {}) =>
  createMailer(mail, sender)({ ...settings, to: [...settings.to] }, outgoing([change()], more));

test('a mail arrives as it is recorded', async () => {
  await using receiver = await mailServer();
  const delivery = await send(server(receiver.port));
  expect(delivery).toMatchObject({ ok: true, detail: '250 queued as 42' });
  const [mail] = receiver.mails;
  expect(mail).toMatchObject({ from: 'MAIL FROM:<foretop@example.org>', encrypted: false });
  expect(mail!.to).toEqual(['RCPT TO:<ops@example.org>', 'RCPT TO:<night@example.org>']);
  expect(delivery.sent!.trimEnd()).toBe(mail!.text.trimEnd());
  expect(mail!.text).toContain('Subject: [high] Port scan on web-1');
  expect(mail!.text).toContain('Message-ID: <17.c0ffee@foretop.invalid>');
  expect(mail!.text).toContain('Auto-Submitted: auto-generated');
  expect(mail!.text).toContain('text/html');
});

test('a hostile subject adds no header', async () => {
  await using receiver = await mailServer();
  await send(server(receiver.port), { subject: 'x\r\nBcc: victim@example.org' });
  expect(receiver.mails[0]!.text).not.toMatch(/^Bcc:/m);
  expect(receiver.mails[0]!.to).toHaveLength(2);
});

test('the password comes from its file for each mail, and shows nowhere', async () => {
  await using receiver = await mailServer();
  const delivery = await send(server(receiver.port, { user: 'foretop', passwordFile: passwordFile('s3cret') }));
  expect(receiver.logins).toEqual(['\0foretop\0s3cret']);
  expect(JSON.stringify(delivery)).not.toContain('s3cret');
});

test('without STARTTLS nothing is sent, unless it was said that it need not be', async () => {
  await using receiver = await mailServer();
  const delivery = await send(
    server(receiver.port, { encryption: 'starttls', user: 'foretop', password: { reveal: () => 'p' } }),
  );
  expect(delivery).toMatchObject({ ok: false });
  expect(delivery.detail).toMatch(/TLS/i);
  expect(receiver.mails).toHaveLength(0);
  expect(receiver.logins).toHaveLength(0);
});

const made = certificate();
describe.skipIf(made === undefined)('with a certificate (needs openssl)', () => {
  const trusted = getCACertificates('default');
  afterAll(() => setDefaultCACertificates(trusted));

  test('of nobody known nothing is sent; of somebody trusted it goes encrypted', async () => {
    const own = made as Certificate;
    await using receiver = await mailServer({ certificate: own });
    const refused = await send(server(receiver.port, { host: 'localhost', encryption: 'starttls' }));
    expect(refused).toMatchObject({ ok: false });
    expect(receiver.mails).toHaveLength(0);
    setDefaultCACertificates([...trusted, own.cert]);
    const delivery = await send(server(receiver.port, { host: 'localhost', encryption: 'starttls' }));
    expect(delivery).toMatchObject({ ok: true });
    expect(receiver.mails[0]).toMatchObject({ encrypted: true });
  });
});

describe('a reply', () => {
  test.each([
    ['RCPT', '550 no such user', true],
    ['RCPT', '450 try later', false],
    ['MAIL', '552 too much', true],
    ['EHLO', '421 busy', false],
  ])('to %s of "%s"', async (verb, reply, permanent) => {
    await using receiver = await mailServer({
      reply: (line) => (line.startsWith(verb) || (verb === 'EHLO' && line.startsWith('HELO')) ? reply : undefined),
    });
    const delivery = await send(server(receiver.port));
    expect(delivery.ok).toBe(false);
    expect(Boolean(delivery.permanent)).toBe(permanent);
    expect(delivery.detail).toContain(reply.slice(4));
  });

  test('to a sign-in that is refused may be mended', async () => {
    await using receiver = await mailServer({ reply: (line) => (line.startsWith('AUTH') ? '535 no' : undefined) });
    const delivery = await send(server(receiver.port, { user: 'foretop', password: { reveal: () => 'wrong-one' } }));
    expect(delivery).toMatchObject({ ok: false, permanent: false });
    expect(JSON.stringify(delivery)).not.toContain('wrong-one');
  });
});

test('one recipient who is refused does not keep the mail from the other, and is named', async () => {
  await using receiver = await mailServer({
    reply: (line) => (line.includes('night@') ? '550 no such user' : undefined),
  });
  const delivery = await send(server(receiver.port));
  expect(delivery.ok).toBe(true);
  expect(delivery.detail).toContain('refused: night@example.org');
});

test('without a server it says what is to be set', async () => {
  const delivery = await createMailer(undefined, sender)({ ...settings, to: [...settings.to] }, outgoing([change()]));
  expect(delivery).toMatchObject({ ok: false, permanent: true, detail: expect.stringContaining('smtp.url') as string });
});
