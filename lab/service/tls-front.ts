// TLS before a collector, as a reverse proxy has it: ends the encryption and hands every byte on.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';

export interface TlsFront extends AsyncDisposable {
  port: number;
  /** Cuts what is open and takes nothing new, until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function startTlsFront(
  address: string,
  target: number,
  { key, cert }: { key: string; cert: string },
): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (socket) => {
    // Its handshake was under way when the front was closed.
    if (!server.listening) return void socket.destroy();
    const onward = connect(target, '127.0.0.1');
    for (const end of [socket, onward]) {
      sockets.add(end);
      end
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(end);
          socket.destroy();
          onward.destroy();
        });
    }
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const close = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    close,
    async open() {
      server.listen(port, address);
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: close,
  };
}
