// One question on a connection that stays open, and the answer of a known length.
import type { Socket } from 'node:net';

/** Rejects when the connection ends first. */
export function answersFrom(socket: Socket, question: Buffer, bytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) finish(() => resolve(Buffer.concat(chunks)));
  };
  const ended = () => finish(() => reject(new Error('The connection ended before the answer was complete.')));
  const finish = (settle: () => void) => {
    socket.off('data', take).off('close', ended);
    settle();
  };
  socket.on('data', take).on('close', ended);
  socket.write(question);
  return promise;
}
