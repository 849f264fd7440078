// A web shop: pages of several sizes, each out of one question to the database, over connections that stay open; and a TLS door for the beacon.
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { answersFrom } from '../exchange.ts';
import { ports } from '../hosts.ts';
import { preSharedKey } from '../pre-shared-key.ts';

const databaseConnections = 5;
const pageBytes = [2_000, 9_000, 40_000, 160_000];
/** A picture goes out in pieces, about as fast as a line of 20 Mbit/s takes it. */
const picture = { pieces: 60, pieceBytes: 100_000, everyMs: 40 };

const idle: Socket[] = [];
for (let count = 0; count < databaseConnections; count++) open();

createServer(async (request, response) => {
  const connection = idle.pop();
  if (connection === undefined) return void response.writeHead(503).end('The database is busy.\n');
  try {
    if (request.url === '/picture') await sendPicture(connection, response);
    else response.write(await rows(connection, pageBytes[Math.floor(Math.random() * pageBytes.length)]!));
    response.end();
    idle.push(connection);
  } catch {
    response.destroy();
  }
}).listen(ports.web);

createTlsServer({ ...preSharedKey.server, ALPNProtocols: ['http/1.1'] }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', () => socket.end('{"next":"later"}\n'.repeat(40)));
})
  .on('tlsClientError', () => undefined)
  .listen(ports.beacon);

async function sendPicture(connection: Socket, response: ServerResponse): Promise<void> {
  for (let piece = 0; piece < picture.pieces && !response.destroyed; piece++) {
    response.write(await rows(connection, picture.pieceBytes));
    await sleep(picture.everyMs);
  }
}

function rows(connection: Socket, bytes: number): Promise<Buffer> {
  const question = Buffer.alloc(4);
  question.writeUInt32BE(bytes);
  return answersFrom(connection, question, bytes);
}

function open(): void {
  const socket = connect({ host: 'db-1', port: ports.database, noDelay: true });
  socket.on('connect', () => idle.push(socket));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    const at = idle.indexOf(socket);
    if (at >= 0) idle.splice(at, 1);
    setTimeout(open, 1_000);
  });
}
