// A load of known truth on loopback: idle and steady TCP connections between a client and a server process, each counting payload bytes.
//
//   node lab/load/tcp-load.ts --port 18500 --idle 1000 --steady 10 --bytes-per-second 5000000 --seconds 60
//
// Prints {"ready":true,…} when all connections are up, then one line a second with the payload bytes sent since the start
// ({"t":<unix s>,"sent":…,"connections":[{"localPort":…,"sent":…}]}), and ends by itself after --seconds.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { fork } from 'node:child_process';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '18500' },
    idle: { type: 'string', default: '0' },
    steady: { type: 'string', default: '0' },
    'bytes-per-second': { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '60' },
    role: { type: 'string', default: 'client' },
  },
});
const port = Number(values.port);
const seconds = Math.min(3600, Number(values.seconds));

if (values.role === 'server') await serve();
else await load();

/** Accepts and discards. Runs as a process of its own, so that each side of a connection has another owner. */
async function serve(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.resume();
    socket.on('error', () => socket.destroy());
  });
  server.listen({ port, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  process.send?.('listening');
  process.on('disconnect', () => process.exit(0));
}

async function load(): Promise<void> {
  const server = fork(import.meta.filename, ['--role', 'server', '--port', String(port)], { execArgv: [] });
  await once(server, 'message');
  const idle = await open(Number(values.idle));
  const steady = await open(Number(values.steady));
  const sent = new Map<Socket, number>(steady.map((socket) => [socket, 0]));
  print({ ready: true, client: process.pid, server: server.pid, idle: idle.length, steady: steady.length });

  const rate = Number(values['bytes-per-second']);
  const started = performance.now();
  const pace = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * rate);
    for (const [socket, already] of sent) {
      const chunk = due - already;
      if (chunk <= 0 || socket.writableLength > 4_000_000) continue;
      socket.write(Buffer.alloc(chunk));
      sent.set(socket, already + chunk);
    }
  }, 20);
  const report = setInterval(() => print(truth(sent)), 1000);
  const stop = () => {
    clearInterval(pace);
    clearInterval(report);
    print({ ...truth(sent), end: true });
    for (const socket of [...idle, ...steady]) socket.destroy();
    server.disconnect();
  };
  const timer = setTimeout(stop, seconds * 1000);
  process.once('SIGTERM', () => {
    clearTimeout(timer);
    stop();
  });
}

/** Payload bytes that left user space; what Node still buffers is not counted. */
function truth(sent: Map<Socket, number>) {
  const connections = [...sent].map(([socket, bytes]) => ({
    localPort: socket.localPort,
    sent: bytes - socket.writableLength,
  }));
  return { t: Date.now() / 1000, sent: connections.reduce((sum, connection) => sum + connection.sent, 0), connections };
}

async function open(count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    );
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    for (const socket of some) socket.on('error', () => socket.destroy());
    sockets.push(...some);
  }
  return sockets;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
