// TLS in a worker that cannot read its certificates any more: they are read before it gives up what lets it.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { cleanups, home, until } from '../../test/wire-agent.ts';
import { openNetwork } from './network.ts';

const missing = process.platform === 'linux' ? opensslMissing() : 'workers run on Linux only';
if (missing) console.warn(`TLS in a worker: not tested, ${missing}`);

function opensslMissing(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `the certificates need openssl: ${String(error)}`;
  }
}

/** An authority, and a certificate of `localhost` that it signed, in a folder that nobody else may enter. */
function makeCertificates(): (name: string) => string {
  const folder = home();
  chmodSync(folder, 0o700);
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', '/CN=Authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...key.slice(0, -2), '-subj', '/CN=localhost', '-keyout', 'leaf.key', '-out', 'leaf.csr');
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'leaf.csr', ...signed, '-out', 'leaf.pem');
  return path;
}

it.skipIf(missing)('believes the authority that it was given, and no other', { timeout: 60_000 }, async () => {
  const path = makeCertificates();
  const server = createServer({ key: readFileSync(path('leaf.key')), cert: readFileSync(path('leaf.pem')) });
  cleanups.push(() => void server.close());
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `wss://localhost:${(server.address() as AddressInfo).port}/agent`;

  async function talk(environment: Record<string, string>, to = url, split: 'on' | 'off' = 'on'): Promise<string[]> {
    const log = pino({ level: 'silent' });
    const network = await openNetwork({ split, mayAct: () => true, dataDirectory: home(), environment, log });
    const told: string[] = [];
    const socket = network.open(
      { url: to, handshakeMs: 10_000, maxMessageBytes: 1_024 },
      {
        opened: () => socket.send(Buffer.from('hello')),
        message: (data) => (told.push(Buffer.from(data).toString()), socket.close(1000)),
        heard: () => undefined,
        answered: (status) => told.push(`HTTP ${status}`),
        failed: (reason) => told.push(reason),
        closed: (code) => told.push(`closed ${code}`),
      },
    );
    await until(() => told.some((line) => line.startsWith('closed')), 25_000);
    return told;
  }

  expect(await talk({ NODE_EXTRA_CA_CERTS: path('ca.pem') })).toEqual(['hello', 'closed 1000']);
  const refused = [expect.stringMatching(/certificate|self.signed/i), 'closed 1006'];
  expect(await talk({}), 'somebody in between with a certificate of its own').toEqual(refused);
  expect(await talk({}, url, 'off'), 'the same, to an agent in one process').toEqual(refused);
  const elsewhere = url.replace('localhost', '127.0.0.1');
  expect(await talk({ NODE_EXTRA_CA_CERTS: path('ca.pem') }, elsewhere), 'with one of another name').toEqual(refused);
});
