// The filter on this kernel's loopback: clear text of TCP comes through once, nothing else does.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { messageOf } from '../host-error.ts';
import { openLibc } from './libc.ts';
import { openPacketSocket, type PacketSocket } from './packet-socket.ts';
import { textFilter } from './text-filter.ts';

function open(): PacketSocket | string {
  if (process.platform !== 'linux') return 'this is not Linux';
  try {
    return openPacketSocket(openLibc(), textFilter);
  } catch (error) {
    return messageOf(error);
  }
}

it('lets text of TCP through once, over both families, and neither bytes nor TLS records', async ({ skip }) => {
  const opened = open();
  if (typeof opened === 'string') return skip(opened);
  using socket = opened;
  const mark = `mark-${process.pid}`;
  const seen: string[] = [];
  // What else speaks on loopback would fill the ring.
  const reading = setInterval(() => {
    socket.drain(({ bytes }) => {
      const text = Buffer.from(bytes).toString('latin1');
      if (text.includes(mark)) seen.push(text.slice(text.indexOf(mark)));
    });
  }, 10);
  using _ = { [Symbol.dispose]: () => clearInterval(reading) }; // before the socket goes
  const server = createServer((connection) => void connection.resume()).listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const say = async (host: string, bytes: Buffer) => {
    const client = connect(port, host);
    await once(client, 'connect');
    client.end(bytes);
    await once(client, 'close');
  };
  await say('127.0.0.1', Buffer.from(`GET /${mark}/four`));
  await say('::1', Buffer.from(`{\r\n\t"${mark}/six": 1}`));
  await say('127.0.0.1', Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0, 1), Buffer.from(mark)]));
  await say('127.0.0.1', Buffer.concat([Buffer.of(0, 0, 0, 9), Buffer.from(mark)]));
  await say('127.0.0.1', Buffer.from(`é${mark}`));
  await sleep(300);
  server.close();
  expect(seen).toEqual([`${mark}/four`, `${mark}/six": 1}`]);
});
