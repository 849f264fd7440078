// Webhooks against a real server: what arrives, how it is signed, and what every kind of answer means.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { addressFault } from './receiver-address.ts';
import { sendWebhook, shownUrl } from './send-webhook.ts';
import { change, outgoing, type Received, sender, webServer } from './test-receivers.ts';

const secret = Buffer.alloc(32, 7).toString('base64url');
const settings = (url: string, format: 'json' | 'chat' = 'json') => ({ kind: 'webhook', url, format }) as const;

function verify({ headers, body }: Received): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['foretop-signature']))!;
  const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(`${t}.${body}`).digest('hex');
  return mac === v1 && Math.abs(Number(t) - Date.now() / 1000) < 5;
}

test('the document arrives signed, and the record has exactly what was sent, without the secret path', async () => {
  await using server = await webServer();
  const delivery = await sendWebhook(settings(server.url), outgoing([change()], { secret }), sender);
  expect(delivery).toMatchObject({ ok: true, detail: 'HTTP 204' });
  const [received] = server.received;
  expect(verify(received!)).toBe(true);
  expect(verify({ ...received!, body: received!.body.replace('high', 'low') })).toBe(false);
  expect(received!.headers).toMatchObject({ 'content-type': 'application/json', 'foretop-message': 'c0ffee/17' });
  expect(delivery.sent).toContain(received!.body);
  expect(delivery.sent).toContain(String(received!.headers['foretop-signature']));
  expect(delivery.sent).not.toContain('secret-part');
  expect(delivery.sent).not.toContain(secret);
});

test('chat services get a text without a signature', async () => {
  await using server = await webServer();
  await sendWebhook(settings(server.url, 'chat'), outgoing([change()], { secret }), sender);
  const [received] = server.received;
  expect(received!.headers).not.toHaveProperty('foretop-signature');
  expect(JSON.parse(received!.body)).toEqual({ text: expect.stringContaining('Port scan on web-1') as string });
});

describe('an answer', () => {
  test.each([
    [500, { ok: false, permanent: false }],
    [503, { ok: false, permanent: false }],
    [429, { ok: false, permanent: false }],
    [408, { ok: false, permanent: false }],
    [404, { ok: false, permanent: true }],
    [410, { ok: false, permanent: true }],
  ])('of %i', async (status, outcome) => {
    await using server = await webServer((response) => response.writeHead(status).end('try\u001b[2J again'));
    const delivery = await sendWebhook(settings(server.url), outgoing([change()]), sender);
    expect(delivery).toMatchObject(outcome);
    expect(delivery.detail).toContain(`HTTP ${status}`);
  });

  test('that leads elsewhere is not followed', async () => {
    await using inner = await webServer();
    await using server = await webServer((response) => response.writeHead(307, { location: inner.url }).end());
    const delivery = await sendWebhook(settings(server.url), outgoing([change()]), sender);
    expect(delivery).toMatchObject({ ok: false, permanent: true, detail: 'HTTP 307: redirects are not followed' });
    expect(inner.received).toHaveLength(0);
  });

  test('that asks for time gets it, up to an hour', async () => {
    let after = '120';
    await using server = await webServer((response) => response.writeHead(503, { 'retry-after': after }).end());
    const send = () => sendWebhook(settings(server.url), outgoing([change()]), sender);
    expect((await send()).retryAfterMs).toBe(120_000);
    after = '99999999';
    expect((await send()).retryAfterMs).toBe(3_600_000);
    after = 'soon';
    expect((await send()).retryAfterMs).toBeUndefined();
  });

  test('without an end is read up to a bound', async () => {
    await using server = await webServer((response) => {
      response.writeHead(200);
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(10_000), () => setImmediate(more));
      };
      more();
    });
    const delivery = await sendWebhook(settings(server.url), outgoing([change()]), sender);
    expect(delivery.ok).toBe(true);
    expect(delivery.detail.length).toBeLessThan(5_000);
  });
});

test('nobody who listens is told as such', async () => {
  const server = await webServer();
  await server[Symbol.asyncDispose]();
  const delivery = await sendWebhook(settings(server.url), outgoing([change()]), sender);
  expect(delivery).toMatchObject({ ok: false });
  expect(delivery.permanent).toBeFalsy();
  expect(delivery.detail).toContain('ECONNREFUSED');
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1', true, undefined],
    ['::1', true, undefined],
    ['::ffff:127.0.0.1', true, undefined],
    ['10.0.0.1', false, undefined],
    ['10.0.0.1', true, 'not this machine'],
    ['8.8.8.8', true, 'not this machine'],
    ['169.254.169.254', false, 'nothing is sent'],
    ['::ffff:169.254.169.254', false, 'nothing is sent'],
    ['fe80::1', false, 'nothing is sent'],
    ['fd00:ec2::254', false, 'nothing is sent'],
    ['0.0.0.0', false, 'nothing is sent'],
    ['224.0.0.1', false, 'nothing is sent'],
    ['255.255.255.255', false, 'nothing is sent'],
    ['ff02::1', false, 'nothing is sent'],
    ['::', false, 'nothing is sent'],
  ])('%s with loopback only %s', (address, onlyLoopback, fault) => {
    const found = addressFault(address, onlyLoopback);
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });

  test('that are refused get no connection', async () => {
    const delivery = await sendWebhook(settings('https://169.254.169.254/latest'), outgoing([change()]), sender);
    expect(delivery).toMatchObject({ ok: false, permanent: true, sent: null });
  });

  test('are checked after a name is looked up', async () => {
    await using server = await webServer();
    const delivery = await sendWebhook(settings(`http://localhost:${server.port}/`), outgoing([change()]), sender);
    expect(delivery.ok).toBe(true);
  });
});

test.each([
  ['https://example.org', 'https://example.org/'],
  ['https://example.org/', 'https://example.org/'],
  ['https://hooks.example.org/services/T0/B0/secret', 'https://hooks.example.org/…'],
  ['https://user:password@example.org:8443/', 'https://example.org:8443/…'],
  ['https://example.org/?token=1', 'https://example.org/…'],
])('%s is shown as %s', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
