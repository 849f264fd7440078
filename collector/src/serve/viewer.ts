// One browser on /live: what it subscribed to, and how much of it goes out when it reads slowly.
import { type CloseName, closeReasons } from '@foretop/proto';
import { type FindingsTick, type FleetTick, ServerFrame, ViewerFrame } from '@foretop/proto/live';
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

/** Ids of the hosts that somebody sees; undefined: all. */
export type Sight = ReadonlySet<number> | undefined;

export interface Viewer extends Disposable {
  /** Tells how many findings there are, as far as the viewer sees them. */
  findings(tick: FindingsTick): void;
  /** From now on only these hosts are shown; what is shown of others ends. */
  see(inSight: Sight): void;
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

export function openViewer(
  socket: WebSocket,
  options: { live: LiveHub; counts: ViewerCounts; inSight: Sight },
): Viewer {
  const { live, counts } = options;
  let { inSight } = options;
  let sights = 0;
  let wanted: ViewerFrame = {};
  const subscriptions: Subscription[] = [];
  let answered = true;
  let closing = false;
  let allowance = framesPerSecond;

  const outlet: Outlet = {
    live,
    counts,
    inSight: () => inSight,
    seen: (tick) => seen(tick, inSight, sights),
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
  const subscribe = () => {
    unsubscribe();
    if (wanted.fleet) subscriptions.push(subscribeFleet(outlet));
    if (wanted.hostId) subscriptions.push(subscribeHost(outlet, wanted));
    if (closing) unsubscribe();
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
    wanted = frame;
    subscribe();
  });

  return {
    close,
    // Small and rare: it goes out however slowly the browser reads.
    findings: (tick) => outlet.send(encode({ findings: tick })),
    see(now) {
      const same = now?.size === inSight?.size && [...(now ?? [])].every((hostId) => inSight?.has(hostId));
      inSight = now;
      if (same || closing) return;
      sights += 1;
      subscribe();
    },
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
  inSight(): Sight;
  /** What of a tick is in sight. */
  seen(tick: FleetTick): FleetTick;
  blocked(): boolean;
  send(bytes: Uint8Array): void;
}

function subscribeFleet(outlet: Outlet): Subscription {
  let behind = false;
  const start = () => outlet.send(encode({ fleet: outlet.seen(outlet.live.fleetTick()) }));
  start();
  const subscription = outlet.live.subscribeFleet((tick) => {
    behind ||= outlet.blocked();
    if (behind) outlet.counts.frames_skipped_total += 1;
    else outlet.send(outlet.inSight() ? encode({ fleet: outlet.seen(tick) }) : encodeTick(tick));
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
  const inSight = outlet.inSight();
  if (inSight?.has(hostId) === false || !outlet.live.fleetTick().hostId?.includes(hostId)) {
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

/** The columns of those hosts only. With another sight the list of hosts is another one, and is to be read again. */
function seen(tick: FleetTick, inSight: Sight, sights: number): FleetTick {
  const hosts = tick.hostId ?? [];
  if (inSight === undefined) return tick;
  const kept = hosts.flatMap((hostId, index) => (inSight.has(hostId) ? [index] : []));
  const columns = Object.entries(tick).map(([name, column]) => {
    if (!Array.isArray(column)) return [name, column];
    // The histories have many entries for each host.
    const each = column.length / hosts.length;
    return [name, kept.flatMap((index) => column.slice(index * each, (index + 1) * each) as number[])];
  });
  return { ...Object.fromEntries(columns), directoryVersion: (tick.directoryVersion ?? 0) + sights } as FleetTick;
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
