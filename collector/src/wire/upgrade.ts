// Upgrade requests that are refused before they become WebSockets, with an HTTP answer that says why.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface UpgradeFault {
  status: number;
  text: string;
  /** When to come back. */
  retryAfterSeconds?: number;
}

/** What is wrong with the request of something that would be an agent. */
export function upgradeFault({ headers }: IncomingMessage, protocol: string): UpgradeFault | undefined {
  // Agents are no browsers, so no page may reach this endpoint from one.
  if (headers.origin !== undefined) return { status: 403, text: 'This endpoint is for agents, not for browsers.' };
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(protocol)) return { status: 400, text: `The WebSocket subprotocol must be ${protocol}.` };
  return undefined;
}

export function refuseUpgrade(socket: Duplex, { status, text, retryAfterSeconds }: UpgradeFault): void {
  // The client may be gone already.
  socket.on('error', () => socket.destroy());
  const body = `${text}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
