// A program that answers every DNS question on 127.0.0.77 with one address (RFC 1035, section 4.1), until its standard input ends.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (question, { port, address }) => {
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2); // a response, recursion available
  header.writeUInt16BE(1, 6); // one answer
  header.writeUInt32BE(0, 8);
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const answer = Buffer.from('c00c000100010000003c0004c0000207', 'hex'); // its name, A, IN, 60 s, 192.0.2.7
  socket.send(Buffer.concat([header, asked, answer]), port, address);
});
socket.bind(53, '127.0.0.77', () => process.stdout.write('ready\n'));
process.stdin.on('end', () => socket.close()).resume();
