// What a session needs of a WebSocket, whether this process holds it or another one does.

export interface SocketRequest {
  /** ws: or wss:, with the path. */
  url: string;
  /** From the first packet to the open WebSocket. */
  handshakeMs: number;
  /** A longer message ends the connection. */
  maxMessageBytes: number;
}

/** Never called before `OpenSocket` has returned. `closed` comes once and last. */
export interface SocketEvents {
  opened(): void;
  message(data: Uint8Array, isBinary: boolean): void;
  /** A ping or a pong came. */
  heard(): void;
  /** The other side answered with HTTP instead of a WebSocket. */
  answered(status: number, retryAfter: string | undefined): void;
  /** Why `closed` is going to come. */
  failed(reason: string): void;
  /** RFC 6455 section 7.4; 1006: without a close frame. */
  closed(code: number, reason: string): void;
}

export interface MessageSocket {
  readonly isOpen: boolean;
  /** Bytes that were sent here and have not left for the network yet. */
  readonly bufferedAmount: number;
  /** A binary message; dropped when the socket is not open. */
  send(message: Uint8Array): void;
  ping(): void;
  /** Closes in order; before it is open, at once. */
  close(code: number, reason?: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}

export type OpenSocket = (request: SocketRequest, events: SocketEvents) => MessageSocket;

/** The subprotocol of agents (RFC 6455 section 1.9). */
export const subprotocol = 'foretop.agent.v1';

/** Most of an error's or a close frame's text that is repeated in a message. */
export const reasonLength = 200;
