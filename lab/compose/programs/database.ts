// A database of one statement: a request of four bytes, the number of bytes wanted, is answered with that many.
import { createServer } from 'node:net';
import { ports } from '../hosts.ts';

const requestBytes = 4;
const mostBytes = 4 << 20;
const page = Buffer.alloc(mostBytes, 'row ');

createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (; rest.length >= requestBytes; rest = rest.subarray(requestBytes)) {
      socket.write(page.subarray(0, Math.min(rest.readUInt32BE(), mostBytes)));
    }
  });
  socket.on('error', () => socket.destroy());
}).listen(ports.database);
