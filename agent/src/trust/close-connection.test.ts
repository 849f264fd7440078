// Cutting one real connection, and what may not be cut.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OfferRequest } from '@foretop/proto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { linuxMissing, openWorld, start, temporaryFolder, until } from './test-trust.ts';

const missing = linuxMissing ?? (process.getuid?.() === 0 ? undefined : 'cutting connections needs CAP_NET_ADMIN');
if (missing) console.warn(`Skipped agent/src/trust/close-connection: ${missing}.`);

const loopback = new Uint8Array([127, 0, 0, 1]);

function request(localPort: number, remotePort: number, cookie = 0): OfferRequest {
  return {
    closeConnection: { protocol: 6, localAddress: loopback, remoteAddress: loopback, localPort, remotePort, cookie },
  };
}

/** A program with a connection of its own to this test; both ends' ports. */
async function connectFromChild(): Promise<{ childPort: number; port: number; pid: number; socket: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const told = join(temporaryFolder(), 'port');
  const program = `const s = require('net').connect(${port}, '127.0.0.1', () => require('fs').writeFileSync('${told}', String(s.localPort)));
    s.on('error', (e) => require('fs').writeFileSync('${told}', e.code)); setInterval(() => {}, 1e6)`;
  const connection = once(server, 'connection') as Promise<[Socket]>;
  const child = await start(process.execPath, ['-e', program], '');
  const [socket] = await connection;
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const childPort = await until('its port', () => Number(readIfThere(told)) || undefined);
  return { childPort, port, pid: child.pid!, socket };
}

/** Whatever the error that comes before. */
const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

const readIfThere = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

describe.skipIf(missing)('a connection', () => {
  test('is cut, and nothing else of its process', async () => {
    const world = await openWorld();
    const one = await connectFromChild();
    const offered = await world.offer(request(one.childPort, one.port));
    expect(offered.claims.action).toMatchObject({
      kind: 'close-connection',
      local: { address: '127.0.0.1', port: one.childPort },
      remote: { address: '127.0.0.1', port: one.port },
      process: { pid: one.pid },
    });
    const ended = closeOf(one.socket);
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'closed', code: '' });
    await ended;
    process.kill(one.pid, 0);
    expect((await world.ask(request(one.childPort, one.port))).refusal?.code).toBe('no-such-connection');
  });

  test('that closed since the offer is not cut again', async () => {
    const world = await openWorld();
    const one = await connectFromChild();
    const offered = await world.offer(request(one.childPort, one.port));
    process.kill(one.pid, 'SIGKILL');
    await closeOf(one.socket);
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'no-such-connection' });
  });

  test('of the agent itself is protected', async () => {
    const world = await openWorld();
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    expect((await world.ask(request(socket.localPort!, port))).refusal?.code).toBe('protected');
    expect(socket.readyState).toBe('open');
  });

  test.each<[string, OfferRequest, string]>([
    ['with one end', request(0, 443), 'malformed'],
    ['over UDP', { closeConnection: { ...request(1, 2).closeConnection, protocol: 17 } }, 'not-supported'],
    [
      'with addresses of two families',
      { closeConnection: { ...request(1, 2).closeConnection, localAddress: new Uint8Array(16).fill(9) } },
      'malformed',
    ],
    ['that nobody has', request(1, 2), 'no-such-connection'],
    ['with the cookie of another', request(1, 2, 4_711), 'no-such-connection'],
  ])('%s is not offered', async (_what, asked, code) => {
    const world = await openWorld();
    expect((await world.ask(asked)).refusal?.code).toBe(code);
  });

  test('is known by its cookie: another with the same ends is not it', async () => {
    const world = await openWorld();
    const one = await connectFromChild();
    expect((await world.ask(request(one.childPort, one.port, 4_711))).refusal?.code).toBe('no-such-connection');
    const { claims } = await world.offer(request(one.childPort, one.port));
    const cookie = claims.action.kind === 'close-connection' ? Number(claims.action.cookie) : 0;
    expect((await world.offer(request(one.childPort, one.port, cookie))).claims.action).toEqual(claims.action);
  });
});
