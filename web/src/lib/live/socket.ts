// The connection to /live: opens, keeps the wanted subscription, and comes back by itself with growing pauses.

/** What is asked for; each subscription replaces the one before. */
export type Link =
  | { state: 'idle' }
  | { state: 'connecting'; lostAtMs: number | undefined }
  | { state: 'open' }
  | { state: 'waiting'; lostAtMs: number; retryAtMs: number }
  | { state: 'refused' };

export interface SocketLike {
  binaryType: string;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export interface LiveSocketOptions {
  open(): SocketLike;
  onLink(link: Link): void;
  onFrame(bytes: Uint8Array): void;
  /** Whether the peer's close code says that trying again is of no use. */
  isFinal(code: number): boolean;
  wallMs?: () => number;
  random?: () => number;
  setTimer?: (run: () => void, ms: number) => unknown;
  clearTimer?: (timer: unknown) => void;
}

export interface LiveSocket {
  start(): void;
  /** Sent now if the connection is open, and again whenever it opens. */
  subscribe(frame: Uint8Array<ArrayBuffer>): void;
  retryNow(): void;
  stop(): void;
}

const firstPauseMs = 500;
const longestPauseMs = 15_000;
/** A server that accepts and never answers would hold the page for minutes otherwise. */
const openTimeoutMs = 8_000;
/** The collector sends a fleet tick each second; this long without any frame means that the path is dead. */
const silenceMs = 12_000;
const openState = 1;

/** Full jitter over the upper half, so that a person never waits for nothing and many pages do not come at once. */
export const pauseMs = (attempt: number, random: () => number): number => {
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
  return Math.round(ceiling * (0.5 + random() / 2));
};

export function createLiveSocket(options: LiveSocketOptions): LiveSocket {
  const wallMs = options.wallMs ?? (() => Date.now());
  const random = options.random ?? Math.random;
  const setTimer = options.setTimer ?? ((run, ms) => setTimeout(run, ms));
  const clearTimer = options.clearTimer ?? ((timer) => clearTimeout(timer as number));
  let socket: SocketLike | undefined;
  let wanted: Uint8Array<ArrayBuffer> | undefined;
  let attempt = 0;
  let lostAtMs: number | undefined;
  let timer: unknown;
  let running = false;

  function later(run: () => void, ms: number): void {
    clearTimer(timer);
    timer = setTimer(run, ms);
  }

  function connect(): void {
    options.onLink({ state: 'connecting', lostAtMs });
    const mine = options.open();
    socket = mine;
    mine.binaryType = 'arraybuffer';
    later(() => drop(mine), openTimeoutMs);
    mine.onopen = () => {
      lostAtMs = undefined;
      options.onLink({ state: 'open' });
      if (wanted) mine.send(wanted);
      later(() => drop(mine), silenceMs);
    };
    mine.onmessage = (event) => {
      attempt = 0;
      later(() => drop(mine), silenceMs);
      options.onFrame(new Uint8Array(event.data as ArrayBuffer));
    };
    mine.onclose = (event) => lost(mine, event.code);
  }

  /** Does not wait for the closing handshake: a dead path would not answer it. */
  function drop(mine: SocketLike): void {
    mine.close();
    lost(mine, 1006);
  }

  function lost(mine: SocketLike, code: number): void {
    if (socket !== mine) return;
    socket = undefined;
    mine.onopen = mine.onmessage = mine.onclose = null;
    clearTimer(timer);
    if (!running) return;
    if (options.isFinal(code)) {
      running = false;
      options.onLink({ state: 'refused' });
      return;
    }
    lostAtMs ??= wallMs();
    const pause = pauseMs(attempt++, random);
    options.onLink({ state: 'waiting', lostAtMs, retryAtMs: wallMs() + pause });
    later(connect, pause);
  }

  return {
    start() {
      if (running) return;
      running = true;
      attempt = 0;
      connect();
    },
    subscribe(frame) {
      wanted = frame;
      if (socket?.readyState === openState) socket.send(frame);
    },
    retryNow() {
      if (!running || socket) return;
      clearTimer(timer);
      connect();
    },
    stop() {
      running = false;
      clearTimer(timer);
      socket?.close(1000);
      socket = undefined;
      lostAtMs = undefined;
      options.onLink({ state: 'idle' });
    },
  };
}
