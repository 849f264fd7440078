// A TCP connection of this very process that carries a known number of bytes a second, from client to server, until disposed.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { basename } from 'node:path';

export interface SteadyConnection extends Disposable {
  /** Ends as they stand in the table. */
  client: string;
  server: string;
  /** Both, in either order: another connection may leave from the same port. */
  ends: RegExp;
  serverPort: number;
  pid: number;
  /** The process's name: the kernel's "node-MainThread" names only its main thread, so that of its program. */
  process: string;
  bytesPerSecond: number;
}

const everyMs = 50;

export async function holdConnection(bytesPerSecond: number): Promise<SteadyConnection> {
  const server = createServer((socket) => socket.resume().on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const serverPort = (server.address() as AddressInfo).port;
  const socket = connect(serverPort, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const startedMs = performance.now();
  let sent = 0;
  // By the clock and not by the number of turns, so that a late turn makes up for it.
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * bytesPerSecond - sent;
    const bytes = Buffer.alloc(Math.max(0, Math.round(due)));
    sent += bytes.length;
    socket.write(bytes);
  }, everyMs);
  const [client, serverEnd] = [`127.0.0.1:${socket.localPort}`, `127.0.0.1:${serverPort}`];
  return {
    client,
    server: serverEnd,
    ends: new RegExp(`${client}.*${serverEnd}|${serverEnd}.*${client}`, 's'),
    serverPort,
    pid: process.pid,
    process: basename(process.execPath),
    bytesPerSecond,
    [Symbol.dispose]() {
      clearInterval(timer);
      socket.destroy();
      server.close();
    },
  };
}
