// Browsers on /live: who is let in, what they get, and what ends it.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeReasons } from '@foretop/proto';
import { LiveSection, ServerFrame, ViewerFrame } from '@foretop/proto/live';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createLoginCode } from './auth/login-link.ts';
import { connectAgent, insertHost, type TestServer, testServer } from '../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

type Options = { protocols?: string[]; headers?: Record<string, string> };

class Browser {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  constructor({ protocols = ['foretop.live.v1'], headers = {} }: Options) {
    this.socket = new WebSocket(`ws://localhost:${server.port}/live`, protocols, { headers });
    this.socket.on('message', (data: Buffer) => this.frames.push(ServerFrame.decode(data)));
    this.socket.on('error', () => undefined);
  }
  send(frame: ViewerFrame): void {
    this.socket.send(ViewerFrame.encode(frame).finish());
  }
  async until<T>(find: (frame: ServerFrame) => T | undefined | null | false): Promise<T> {
    for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(20)) {
      for (const frame of this.frames) {
        const found = find(frame);
        if (found) return found;
      }
    }
    throw new Error(`no such frame among ${this.frames.length}`);
  }
}

/** The status of the refusal, or 101. */
async function handshake(options: Options): Promise<number> {
  const { socket } = new Browser(options);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
  socket.on('open', () => {
    socket.terminate();
    resolve(101);
  });
  return promise;
}

async function opened(options: Options): Promise<Browser> {
  const browser = new Browser(options);
  await once(browser.socket, 'open');
  return browser;
}

const bearer = async () => ({ headers: { authorization: `Bearer ${await server.token()}` } });

async function signIn(): Promise<{ cookie: string; secret: string }> {
  const response = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: await createLoginCode(server.store.db) }),
  });
  const { secret } = (await response.json()) as { secret: string };
  return { secret, cookie: response.headers.get('set-cookie')!.split(';')[0]! };
}

describe('who is let in', () => {
  test('a session by cookie and subprotocol, or a bearer token', async () => {
    const { cookie, secret } = await signIn();
    const protocols = ['foretop.live.v1', `secret.${secret}`];
    const { socket } = await opened({ protocols, headers: { cookie, origin: server.url } });
    expect(socket.protocol).toBe('foretop.live.v1');
    socket.terminate();
    expect(await handshake(await bearer())).toBe(101);
    expect(await handshake({ headers: { cookie } })).toBe(401);
    expect(await handshake({ protocols })).toBe(401);
    expect(await handshake({ protocols: ['foretop.live.v1', 'secret.wrong'], headers: { cookie } })).toBe(401);
  });

  test('no page of another origin, under no other name', async () => {
    const { headers } = await bearer();
    expect(await handshake({ headers: { ...headers, origin: 'http://evil.example' } })).toBe(403);
    expect(await handshake({ headers: { ...headers, host: 'evil.example' } })).toBe(421);
  });
});

describe('what they get', () => {
  test('the whole fleet at first, then a tick a second', async () => {
    const host = await insertHost(server.store);
    const pulse = { rxRate: 1234, connections: 7 };
    connectAgent(server, host, () => ({}), pulse);
    const browser = await opened(await bearer());
    browser.send({ fleet: true });
    const first = await browser.until((frame) => frame.fleet?.complete && frame.fleet);
    const column = first.hostId!.indexOf(host);
    expect([first.rxRate![column], first.connections![column]]).toEqual([1234, 7]);
    // What the agent says each second from now on; a tick of the second before may still be under way.
    pulse.rxRate = 4321;
    const next = await browser.until((frame) => {
      const tick = frame.fleet?.complete ? undefined : frame.fleet;
      return tick?.rxRate?.[tick.hostId!.indexOf(host)] === 4321 && tick;
    });
    expect(next.rxRate![next.hostId!.indexOf(host)]).toBe(4321);
    browser.socket.terminate();
  });

  test('a watched host with its last minute and its tables; then only what was asked for last', async () => {
    const host = await insertHost(server.store);
    const interfaces = [{ name: 'eth0', up: true }];
    connectAgent(server, host, () => ({ boottimeUs: Date.now() * 1000, interfaces }));
    const browser = await opened(await bearer());
    browser.send({ hostId: host, sections: [LiveSection.LIVE_SECTION_INTERFACES], rateHz: 255 });
    expect(await browser.until((frame) => (frame.host?.history?.length ? frame.host.hostId : undefined))).toBe(host);
    await browser.until((frame) => frame.host?.frame?.interfaces?.[0]?.name === 'eth0');
    browser.send({});
    await sleep(100);
    browser.frames.length = 0;
    await sleep(1_500);
    expect(browser.frames).toEqual([]);
    browser.socket.terminate();
  });

  test('a host that does not exist is said to be unknown', async () => {
    const browser = await opened(await bearer());
    browser.send({ hostId: 99_999, sections: [LiveSection.LIVE_SECTION_CONNECTIONS] });
    expect(await browser.until((frame) => frame.notice?.code)).toBe('host-unknown');
    browser.socket.terminate();
  });
});

describe('what ends it', () => {
  const closeCode = async (browser: Browser) => ((await once(browser.socket, 'close')) as [number])[0];

  test('signing out, for the sockets of that session alone', async () => {
    const [mine, other] = [await signIn(), await signIn()];
    const open = ({ cookie, secret }: typeof mine) =>
      opened({ protocols: ['foretop.live.v1', `secret.${secret}`], headers: { cookie } });
    const [closing, staying] = [await open(mine), await open(other)];
    const code = closeCode(closing);
    await fetch(`${server.url}/api/v1/session`, {
      method: 'DELETE',
      headers: { cookie: mine.cookie, 'x-foretop-session': mine.secret },
    });
    expect(await code).toBe(closeReasons['session-ended'].code);
    expect(staying.socket.readyState).toBe(WebSocket.OPEN);
    staying.socket.terminate();
  });

  test('a token that is revoked elsewhere, within seconds', { timeout: 15_000 }, async () => {
    const browser = await opened(await bearer());
    await server.store.db.updateTable('api_token').set({ revoked_at: new Date() }).execute();
    expect(await closeCode(browser)).toBe(closeReasons['session-ended'].code);
  });

  test.each([
    ['text', 'hello', 'malformed-frame'],
    ['what is no protobuf', Buffer.from([0xff, 0xff, 0xff]), 'malformed-frame'],
  ] as const)('%s', async (_what, data, reason) => {
    const browser = await opened(await bearer());
    browser.socket.send(data);
    expect(await closeCode(browser)).toBe(closeReasons[reason].code);
  });

  test('a frame beyond the limit, or too many of them', async () => {
    const large = await opened(await bearer());
    large.socket.send(Buffer.alloc(5_000));
    expect(await closeCode(large)).toBe(1009);
    const chatty = await opened(await bearer());
    const code = closeCode(chatty);
    for (let i = 0; i < 30; i++) chatty.send({ fleet: true });
    expect(await code).toBe(closeReasons['unexpected-frame'].code);
  });

  test('the collector stopping', async () => {
    await using stopping = await testServer();
    const headers = { authorization: `Bearer ${await stopping.token()}` };
    const socket = new WebSocket(`ws://localhost:${stopping.port}/live`, ['foretop.live.v1'], { headers });
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await stopping[Symbol.asyncDispose]();
    expect(((await closed) as [number])[0]).toBe(closeReasons['shutting-down'].code);
  });
});
