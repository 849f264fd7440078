// Syslog against real receivers: datagrams, octet counting over TCP and TLS, and receivers that never close.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { SyslogSettings } from '@foretop/proto/api';
import { sendSyslog } from './send-syslog.ts';
import {
  type Certificate,
  certificate,
  change,
  datagramReceiver,
  outgoing,
  sender,
  streamReceiver,
} from './test-receivers.ts';

const settings = (port: number, transport: SyslogSettings['transport'], host = '127.0.0.1'): SyslogSettings => ({
  kind: 'syslog',
  ...{ host, port, transport, facility: 13 },
});

/** RFC 6587 section 3.4.1. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(' ', at);
    const length = Number(bytes.subarray(at, space).toString());
    frames.push(bytes.subarray(space + 1, space + 1 + length).toString());
    at = space + 1 + length;
  }
  return frames;
}

test('each change is a datagram of its own, cut to what one may carry', async () => {
  await using receiver = await datagramReceiver();
  const changes = [
    change(),
    change({ severity: 'critical', summary: 'ü'.repeat(2_000), peer: 'p'.repeat(500), process: 'ö'.repeat(500) }),
  ];
  const delivery = await sendSyslog(settings(receiver.port, 'udp'), outgoing(changes), sender);
  expect(delivery).toMatchObject({ ok: true, detail: '2 messages sent; nothing confirms that it came' });
  await vi.waitFor(() => expect(receiver.received).toHaveLength(2));
  expect(receiver.received[0]!.toString()).toMatch(
    /^<107>1 \S+ collector foretop \d+ finding \[foretop@32473 finding="00ff" /,
  );
  expect(receiver.received[1]!.toString()).toMatch(/^<106>1 /);
  expect(receiver.received[1]!.length).toBeLessThanOrEqual(2_048);
  expect(receiver.received[1]!.toString()).not.toContain('\ufffd');
});

test('over TCP every message says how long it is', async () => {
  await using receiver = await streamReceiver();
  const delivery = await sendSyslog(
    settings(receiver.port, 'tcp'),
    outgoing([change({ summary: 'ü 1' }), change()]),
    sender,
  );
  expect(delivery.ok).toBe(true);
  const frames = framesOf(receiver.bytes());
  expect(frames).toHaveLength(2);
  expect(frames[0]).toMatch(/\ufeffPort scan on web-1: ü 1$/);
  expect(delivery.sent).toBe(frames.join('\n'));
});

test('a receiver that never closes its side has got it all the same', async () => {
  await using receiver = await streamReceiver({ neverCloses: true });
  const delivery = await sendSyslog(settings(receiver.port, 'tcp'), outgoing([change()]), sender);
  expect(delivery.ok).toBe(true);
  expect(framesOf(receiver.bytes())).toHaveLength(1);
});

test('nobody who listens is told as such', async () => {
  const receiver = await streamReceiver();
  await receiver[Symbol.asyncDispose]();
  const delivery = await sendSyslog(settings(receiver.port, 'tcp'), outgoing([change()]), sender);
  expect(delivery).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') as string });
});

const made = certificate();
describe.skipIf(made === undefined)('over TLS (needs openssl)', () => {
  const trusted = getCACertificates('default');
  afterAll(() => setDefaultCACertificates(trusted));

  test('only a receiver whose certificate is trusted gets anything', async () => {
    const own = made as Certificate;
    await using receiver = await streamReceiver({ certificate: own });
    const refused = await sendSyslog(settings(receiver.port, 'tls', 'localhost'), outgoing([change()]), sender);
    expect(refused).toMatchObject({ ok: false });
    expect(receiver.text()).toBe('');
    setDefaultCACertificates([...trusted, own.cert]);
    const delivery = await sendSyslog(settings(receiver.port, 'tls', 'localhost'), outgoing([change()]), sender);
    expect(delivery.ok).toBe(true);
    await vi.waitFor(() => expect(framesOf(receiver.bytes())).toHaveLength(1));
  });
});
