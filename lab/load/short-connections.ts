// Short connections of known number and bytes on loopback, by TCP, UDP or DNS: each side a process of its own.
//
//   node lab/load/short-connections.ts --protocol tcp --rate 2000 --seconds 3
//
// Prints {"ready":true,"client":PID,"server":PID,"port":N}, waits two seconds, makes its connections, and prints
// {"done":true,"made":N,"sent":BYTES,"received":BYTES}. A client sends `request` bytes and gets `answer` bytes, then closes.
// With `dns` each "connection" is one question for nN.lab.test over a new UDP socket.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'tcp' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '3' },
    request: { type: 'string', default: '300' },
    answer: { type: 'string', default: '700' },
    /** Of the DNS server, which must be one that agents look at. */
    address: { type: 'string', default: '127.0.0.1' },
    role: { type: 'string', default: 'client' },
  },
});
const request = Number(values.request);
const answer = Number(values.answer);
const isTcp = values.protocol === 'tcp';
const isDns = values.protocol === 'dns';

if (values.role === 'server') {
  process.on('disconnect', () => process.exit(0)); // whoever started it was ended
  process.send!(await (isTcp ? serveTcp() : serveUdp()));
} else {
  await load();
}

async function serveTcp(): Promise<number> {
  const server = createServer((socket) => {
    let received = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      received += data.length;
      if (received === request) socket.write(Buffer.alloc(answer));
    });
  });
  server.listen({ port: 0, host: values.address, backlog: 4096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function serveUdp(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
  socket.on('message', (message, { port, address }: RemoteInfo) => {
    socket.send(isDns ? dnsAnswer(message) : Buffer.alloc(answer), port, address);
  });
  socket.bind(isDns ? 53 : 0, values.address);
  await once(socket, 'listening');
  return socket.address().port;
}

async function load(): Promise<void> {
  const server = fork(import.meta.filename, [...process.argv.slice(2), '--role', 'server'], { execArgv: [] });
  const [port] = (await once(server, 'message')) as [number];
  print({ ready: true, client: process.pid, server: server.pid, port });
  await sleep(2_000); // so that an agent knows the server
  const total = Number(values.rate) * Number(values.seconds);
  const totals = { made: 0, sent: 0, received: 0 };
  const startedMs = performance.now();
  const running: Promise<void>[] = [];
  while (running.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * Number(values.rate)));
    while (running.length < due) running.push((isTcp ? overTcp : overUdp)(port, running.length, totals));
    await sleep(2);
  }
  await Promise.all(running);
  print({ done: true, ...totals });
  server.disconnect();
  server.kill();
}

interface Totals {
  made: number;
  sent: number;
  received: number;
}

async function overTcp(port: number, _: number, totals: Totals): Promise<void> {
  const socket = connect({ port, host: values.address });
  let received = 0;
  socket.on('connect', () => socket.write(Buffer.alloc(request)));
  socket.on('data', (data) => {
    received += data.length;
    if (received === answer) socket.end();
  });
  await once(socket, 'close');
  totals.made++;
  totals.sent += request;
  totals.received += received;
}

async function overUdp(port: number, index: number, totals: Totals): Promise<void> {
  const socket = createSocket('udp4');
  const message = isDns ? dnsQuery(`n${index}.lab.test`) : Buffer.alloc(request);
  socket.send(message, port, values.address);
  const [reply] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  await once(socket, 'close');
  totals.made++;
  totals.sent += message.length;
  totals.received += reply.length;
}

function dnsQuery(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]);
  return Buffer.concat([Buffer.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), ...labels, Buffer.of(0, 0, 1, 0, 1)]);
}

function dnsAnswer(query: Buffer): Buffer {
  const head = Buffer.concat([query.subarray(0, 2), Buffer.of(0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0)]);
  const record = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 9);
  return Buffer.concat([head, query.subarray(12), record]);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
