// TCP connections of this process over loopback whose bytes are known to the last one.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Held extends Disposable {
  /** The listener's port. */
  port: number;
  /** Opens a connection, moves so many bytes to the server, keeps it open so long, and closes it. */
  carry(bytes: number, openMs: number): Promise<void>;
  /** Opens a connection and leaves it open. @returns its local port. */
  open(): Promise<number>;
}

export async function holdListener(): Promise<Held> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    return socket;
  };
  // The server ends when the client does: TIME_WAIT then stays with the client.
  const server = createServer((socket) => keep(socket).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  async function client(): Promise<Socket> {
    const socket = keep(connect(port, '127.0.0.1'));
    await once(socket, 'connect');
    return socket;
  }
  return {
    port,
    async carry(bytes, openMs) {
      const socket = await client();
      socket.write(Buffer.alloc(bytes));
      await new Promise((resolve) => setTimeout(resolve, openMs));
      socket.end();
      await once(socket, 'close');
    },
    open: async () => (await client()).localPort!,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
