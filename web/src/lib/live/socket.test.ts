// The live connection against a fake socket and a fake clock: resubscribes, backs off, gives up only when told so.
import { beforeEach, expect, it } from 'vitest';
import { createLiveSocket, pauseMs, type Link, type LiveSocket, type SocketLike } from './socket.ts';

class FakeSocket implements SocketLike {
  binaryType = '';
  readyState = 0;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  sent: Uint8Array[] = [];
  send(data: Uint8Array): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }
  receive(): void {
    this.onmessage?.({ data: new ArrayBuffer(1) } as MessageEvent);
  }
  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code } as CloseEvent);
  }
}

let now = 0;
let timers: { at: number; run: () => void }[] = [];
let sockets: FakeSocket[] = [];
let links: Link[] = [];
let live: LiveSocket;
const last = () => sockets.at(-1)!;
const ask = Uint8Array.of(1, 2);

function advance(ms: number): void {
  const until = now + ms;
  for (;;) {
    const next = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    timers = timers.filter((timer) => timer !== next);
    now = next.at;
    next.run();
  }
  now = until;
}

beforeEach(() => {
  [now, timers, sockets, links] = [1000, [], [], []];
  live = createLiveSocket({
    open: () => {
      sockets.push(new FakeSocket());
      return last();
    },
    onLink: (link) => links.push(link),
    onFrame: () => {},
    isFinal: (code) => code === 4030,
    wallMs: () => now,
    random: () => 1,
    setTimer: (run, ms) => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return timer;
    },
    clearTimer: (timer) => (timers = timers.filter((entry) => entry !== timer)),
  });
});

it('sends the subscription once it is open, and again after a reconnect', () => {
  live.start();
  live.subscribe(ask);
  expect(last().sent).toEqual([]);
  last().accept();
  expect(last().sent).toEqual([ask]);
  last().end(1006);
  expect(links.at(-1)).toEqual({ state: 'waiting', lostAtMs: 1000, retryAtMs: 1500 });
  advance(500);
  expect(sockets.length).toBe(2);
  last().accept();
  expect(last().sent).toEqual([ask]);
});

it('keeps the instant of the loss over failed attempts, and pauses longer each time', () => {
  live.start();
  last().accept();
  advance(300);
  last().end(1006);
  advance(500);
  last().end(1006);
  expect(links.at(-1)).toEqual({ state: 'waiting', lostAtMs: 1300, retryAtMs: 2800 });
});

it('a frame, not a mere handshake, ends the backing off', () => {
  live.start();
  for (let i = 0; i < 3; i++) {
    last().accept();
    last().end(1006);
    advance(10_000);
  }
  last().accept();
  last().receive();
  last().end(1006);
  expect(links.at(-1)).toMatchObject({ state: 'waiting', retryAtMs: now + 500 });
});

it('leaves a peer that does not open or falls silent', () => {
  live.start();
  advance(8_000);
  expect(links.at(-1)?.state).toBe('waiting');
  live.retryNow();
  last().accept();
  advance(11_000);
  last().receive();
  advance(11_000);
  expect(links.at(-1)?.state).toBe('open');
  advance(1_000);
  expect(links.at(-1)?.state).toBe('waiting');
});

it('retries at once when asked, and only then once', () => {
  live.start();
  last().end(1006);
  live.retryNow();
  live.retryNow();
  expect(sockets.length).toBe(2);
  advance(5_000);
  expect(sockets.length).toBe(2);
});

it('stops for a final close code', () => {
  live.start();
  last().accept();
  last().end(4030);
  expect(links.at(-1)).toEqual({ state: 'refused' });
  advance(60_000);
  expect(sockets.length).toBe(1);
});

it('pauses stay within their bounds', () => {
  expect(pauseMs(0, () => 0)).toBe(250);
  expect(pauseMs(50, () => 1)).toBe(15_000);
});
