// A WebSocket that this very process holds.
import type { SecureContext } from 'node:tls';
import { WebSocket } from 'ws';
import {
  type MessageSocket,
  reasonLength,
  type SocketEvents,
  type SocketRequest,
  subprotocol,
} from './message-socket.ts';

export interface DirectSocket extends MessageSocket {
  /** `left`: the message has gone to the kernel, or never will. */
  send(message: Uint8Array, left?: () => void): void;
  /** Reads nothing more until `resume`. */
  pause(): void;
  resume(): void;
}

/** `secureContext`: one that was made ahead, for a process that can read no certificates any more. */
export function openDirectSocket(
  { url, handshakeMs, maxMessageBytes }: SocketRequest,
  events: SocketEvents,
  secureContext?: SecureContext,
): DirectSocket {
  const socket = new WebSocket(url, subprotocol, {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: handshakeMs,
    ...(secureContext && { secureContext }),
  });
  socket.on('unexpected-response', (request, response) => {
    request.destroy();
    events.answered(response.statusCode ?? 0, response.headers['retry-after']);
  });
  socket.on('open', () => events.opened());
  socket.on('message', (data, isBinary) => events.message(data as Buffer, isBinary));
  socket.on('ping', () => events.heard());
  socket.on('pong', () => events.heard());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    events.failed((error.message || error.code || 'connection failed').slice(0, reasonLength));
  });
  socket.on('close', (code, reason) => events.closed(code, reason.toString()));
  const isOpen = () => socket.readyState === WebSocket.OPEN;
  return {
    get isOpen() {
      return isOpen();
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send(message, left) {
      if (isOpen()) socket.send(message, left);
      else left?.();
    },
    ping() {
      if (isOpen()) socket.ping();
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
