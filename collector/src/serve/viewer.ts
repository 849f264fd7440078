// One browser on /live: what it subscribed to, and how much of it goes out when it reads slowly.
import { type CloseName, closeReasons } from '@foretop/proto';
import { type FleetTick, ServerFrame, ViewerFrame } from '@foretop/proto/live';
import type { WebSocket } from 'ws';
import type { LiveHub } from '../live/hub.ts';

/** Unsent bytes above which frames are skipped until the browser has read; then it starts anew from a key frame. */
const skipAboveBytes = 1 << 20;
/** A key frame of the largest table fits below this; a browser beyond it is cut. */
const cutAboveBytes = 64 << 20;
const framesPerSecond = 20;
/** A close handshake that the other side does not answer. */
const closeTimeoutMs = 1_000;

export interface ViewerCounts {
  frames_sent_total: number;
  frames_skipped_total: number;
  resyncs_total: number;
}

export interface Viewer extends Disposable {
  close(reason: CloseName): void;
  /** Closes and waits for the other side, briefly. */
  closed(reason: CloseName): Promise<void>;
  /** Ends a connection whose last ping was not answered. */
  ping(): void;
}

interface Subscription extends Disposable {
  /** After frames were skipped: start anew from a whole picture, once there is room. */
  resync(): void;
}

export function openViewer(socket: WebSocket, options: { live: LiveHub; counts: ViewerCounts }): Viewer {
  const { live, counts } = options;
  const subscriptions: Subscription[] = [];
  let answered = true;
  let closing = false;
  let allowance = framesPerSecond;

  const outlet: Outlet = {
    live,
    counts,
    blocked: () => socket.bufferedAmount > skipAboveBytes,
    send(bytes) {
      if (closing || socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > cutAboveBytes) return close('too-slow');
      counts.frames_sent_total += 1;
      socket.send(bytes);
    },
  };

  const unsubscribe = () => {
    for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
  };
  const close = (reason: CloseName) => {
    closing = true;
    unsubscribe();
    socket.close(closeReasons[reason].code, closeReasons[reason].text);
    setTimeout(() => socket.terminate(), closeTimeoutMs).unref();
  };
  const everySecond = setInterval(() => {
    allowance = framesPerSecond;
    if (!outlet.blocked()) for (const subscription of subscriptions) subscription.resync();
  }, 1_000).unref();

  socket.on('pong', () => (answered = true));
  socket.on('message', (data: Buffer, isBinary) => {
    if (closing) return;
    const frame = isBinary ? decode(data) : undefined;
    if (frame === undefined) return close('malformed-frame');
    if (allowance-- <= 0) return close('unexpected-frame');
    unsubscribe();
    if (frame.fleet) subscriptions.push(subscribeFleet(outlet));
    if (frame.hostId) subscriptions.push(subscribeHost(outlet, frame));
    if (closing) unsubscribe();
  });

  return {
    close,
    closed: (reason) =>
      new Promise((resolve) => {
        if (socket.readyState === socket.CLOSED) return resolve();
        socket.once('close', () => resolve());
        close(reason);
      }),
    ping() {
      if (!answered) return socket.terminate();
      answered = false;
      socket.ping();
    },
    [Symbol.dispose]() {
      clearInterval(everySecond);
      unsubscribe();
    },
  };
}

interface Outlet {
  live: LiveHub;
  counts: ViewerCounts;
  blocked(): boolean;
  send(bytes: Uint8Array): void;
}

function subscribeFleet(outlet: Outlet): Subscription {
  let behind = false;
  const start = () => outlet.send(encode({ fleet: outlet.live.fleetTick() }));
  start();
  const subscription = outlet.live.subscribeFleet((tick) => {
    behind ||= outlet.blocked();
    if (behind) outlet.counts.frames_skipped_total += 1;
    else outlet.send(encodeTick(tick));
  });
  return {
    resync() {
      if (!behind) return;
      behind = false;
      outlet.counts.resyncs_total += 1;
      start();
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

function subscribeHost(outlet: Outlet, frame: ViewerFrame): Subscription {
  const hostId = frame.hostId!;
  if (!outlet.live.fleetTick().hostId?.includes(hostId)) {
    outlet.send(encode({ notice: { code: 'host-unknown', message: `There is no host ${hostId}.` } }));
    return { resync: () => undefined, [Symbol.dispose]: () => undefined };
  }
  const want = { sections: frame.sections ?? [], rateHz: Math.min(10, Math.max(1, frame.rateHz || 1)) };
  let behind = false;
  const watch = () => {
    // What comes at once is the whole picture, which goes out however large it is.
    let starting = true;
    const watching = outlet.live.watchHost(hostId, want, (update) => {
      if (!starting) behind ||= outlet.blocked();
      if (behind) outlet.counts.frames_skipped_total += 1;
      else outlet.send(encode({ host: update }));
    });
    starting = false;
    return watching;
  };
  let watching = watch();
  return {
    resync() {
      if (!behind) return;
      behind = false;
      outlet.counts.resyncs_total += 1;
      const old = watching;
      watching = watch();
      old[Symbol.dispose]();
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

/** The hub hands the same tick to every viewer: it is encoded once. */
const encodedTicks = new WeakMap<FleetTick, Uint8Array>();

function encodeTick(tick: FleetTick): Uint8Array {
  const known = encodedTicks.get(tick);
  if (known !== undefined) return known;
  const bytes = encode({ fleet: tick });
  encodedTicks.set(tick, bytes);
  return bytes;
}

function encode(frame: ServerFrame): Uint8Array {
  return ServerFrame.encode(frame).finish();
}

function decode(data: Uint8Array): ViewerFrame | undefined {
  try {
    return ViewerFrame.decode(data);
  } catch {
    return undefined;
  }
}
