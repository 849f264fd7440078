// What a service says first, or answers to the one question that a web server expects.
import type { Socket } from 'node:net';
import { firstLineOf } from '../text.ts';
import { serviceOf } from './services.ts';

const listenMs = 1_500;
const mostBytes = 1_024;
const mostLength = 200;
const question = 'HEAD / HTTP/1.0\r\n\r\n';

/** The first line, controls as \xNN; empty when it says nothing. Ends the connection. */
export async function readBanner(socket: Socket, port: number, signal: AbortSignal): Promise<string> {
  try {
    const isWeb = serviceOf(port, 'tcp').startsWith('http') && !serviceOf(port, 'tcp').startsWith('https');
    if (isWeb) socket.write(question);
    return firstLineOf(await firstBytes(socket, signal), mostLength);
  } finally {
    socket.destroy();
  }
}

/** Up to the end of a line, of the time or of the room. Never rejects. */
function firstBytes(socket: Socket, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let length = 0;
  const end = () => resolve(Buffer.concat(chunks).subarray(0, mostBytes));
  const timer = setTimeout(end, listenMs);
  signal.addEventListener('abort', end, { once: true });
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= mostBytes || chunk.includes(0x0a)) end();
  });
  socket.once('close', end);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
}
