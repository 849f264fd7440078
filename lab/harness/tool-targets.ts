// What tools look at in tests, with answers that are known: run inside the network namespace of the host that is looked at.
//
//   node tool-targets.ts ADDRESS [KEY.pem CERTIFICATE.pem]
//
// TCP 22 says a hostile banner, 80 speaks HTTP, 443 TLS; UDP 7 repeats, 53 is a name server, 57 listens and says nothing.
// Prints "ready" once all of them listen.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const [address = '', keyFile, certificateFile] = process.argv.slice(2);

const ssh = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end('SSH-2.0-Known\u001b[2J<b>\r\n');
});
const http = createHttpServer((_request, response) => {
  response.setHeader('server', 'known');
  response.end('hello');
});
await Promise.all([once(ssh.listen(22, address), 'listening'), once(http.listen(80, address), 'listening')]);

if (keyFile && certificateFile) {
  const tls = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, (socket) => {
    socket.on('error', () => undefined);
  });
  tls.on('tlsClientError', () => undefined);
  await once(tls.listen(443, address), 'listening');
}

/** The question, and 192.0.2.7 as its answer; AD is set when DO is asked for. */
function answerTo(query: Buffer): Buffer {
  let at = 12;
  while (query[at]) at += query[at]! + 1;
  const wantsDnssec = query.length > at + 5 + 11 - 1 && (query[at + 5 + 7]! & 0x80) !== 0;
  const answer = Buffer.concat([query.subarray(0, at + 5), Buffer.from('c00c000100010000003c0004c0000207', 'hex')]);
  answer.writeUInt16BE(wantsDnssec ? 0x81a0 : 0x8180, 2);
  answer.writeUInt32BE(0x0001_0001, 4);
  answer.writeUInt32BE(0, 8);
  return answer;
}

const services: [port: number, answer: (asked: Buffer) => Buffer | undefined][] = [
  [7, (asked) => Buffer.concat([Buffer.from('heard '), asked])],
  [53, answerTo],
  [57, () => undefined],
];
for (const [port, answer] of services) {
  const socket = createSocket('udp4');
  socket.on('message', (asked, from) => {
    const said = asked.length < 12 && port === 53 ? undefined : answer(asked);
    if (said) socket.send(said, from.port, from.address);
  });
  await once(socket.bind(port, address), 'listening');
}
console.log('ready');
