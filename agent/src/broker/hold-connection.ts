// The worker's second stage: checks that it has nothing left to lose, then carries messages between the channel and a WebSocket.
import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type DirectSocket, openDirectSocket } from '../wire/direct-socket.ts';
import type { SocketEvents, SocketRequest } from '../wire/message-socket.ts';
import {
  createFrameReader,
  numbered,
  type Order,
  orders,
  readNumbered,
  type Report,
  reports,
  writeFrame,
} from './channel.ts';
import { unconfined } from './confinement.ts';
import { becomeNobody, canBecomeNobody } from './nobody.ts';
import type { WorkerArguments } from './worker-arguments.ts';

/** The standard output; see launchWorker. */
const channelDescriptor = 1;
/** The broker is believed; these bound a mistake. */
const orderBytes = { [orders.dial]: 4_096, [orders.send]: 16 << 20, [orders.ping]: 0, [orders.close]: 125 };
/** Unsent bytes from which on nothing more is taken from the broker, and below which it is again. */
const fullBytes = 4 << 20;
const roomyBytes = 1 << 20;
/** Retry-After is some digits or a date. */
const headerLength = 40;

/** What it says of itself before it may dial. */
export interface WorkerState {
  user: number;
  /** Whether it can list the agent's data directory. */
  seesData: boolean;
}

export function holdConnection({ dataDirectory, url }: WorkerArguments): void {
  // The broker decides when the connection ends: signals to the whole group are for it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
  const channel = new Socket({ fd: channelDescriptor, readable: true, writable: true });
  // While certificates can be read.
  const context = url.startsWith('wss:') ? createSecureContext() : undefined;
  if (canBecomeNobody()) becomeNobody();
  const fault = unconfined('self');
  if (fault !== undefined) {
    writeFrame(channel, reports.refused, Buffer.from(fault));
    return void channel.end();
  }
  const state: WorkerState = { user: process.getuid!(), seesData: canList(dataDirectory) };
  writeFrame(channel, reports.ready, Buffer.from(JSON.stringify(state)));
  carry(channel, (request, events) => openDirectSocket({ ...request, url }, events, context));
}

function canList(directory: string): boolean {
  try {
    readdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

type Dial = (request: Omit<SocketRequest, 'url'>, events: SocketEvents) => DirectSocket;

function carry(channel: Socket, dial: Dial): void {
  let socket: DirectSocket | undefined;
  const say = (kind: Report, body?: Uint8Array) => {
    if (writeFrame(channel, kind, body)) return;
    socket?.pause();
    channel.once('drain', () => socket?.resume());
  };
  const left = (bytes: number) => {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(bytes);
    say(reports.left, count);
    if (channel.isPaused() && socket!.bufferedAmount < roomyBytes) channel.resume();
  };
  const take = (kind: Order, body: Buffer) => {
    if (kind === orders.dial) socket = dial(JSON.parse(body.toString()), events(channel, say));
    else if (kind === orders.ping) socket?.ping();
    else if (kind === orders.send) {
      socket?.send(body, () => left(body.length));
      if (socket && socket.bufferedAmount > fullBytes) channel.pause();
    } else {
      const { number, text } = readNumbered(body);
      socket?.close(number, text);
    }
  };
  const end = () => {
    // At once: a question for a name that nobody answers would keep the process for a while.
    process.kill(process.pid, 'SIGKILL');
  };
  channel.on('data', createFrameReader(orderBytes, take));
  channel.on('error', end);
  channel.on('close', end);
}

function events(channel: Socket, say: (kind: Report, body?: Uint8Array) => void): SocketEvents {
  return {
    opened: () => say(reports.opened),
    message: (data, isBinary) => (isBinary ? say(reports.message, data) : say(reports.text)),
    heard: () => say(reports.heard),
    answered: (status, retryAfter) =>
      say(reports.answered, numbered(status, (retryAfter ?? '').slice(0, headerLength))),
    failed: (reason) => say(reports.failed, Buffer.from(reason)),
    closed(code, reason) {
      say(reports.closed, numbered(code, reason));
      channel.end();
    },
  };
}
