// The packet socket on this kernel's loopback: what its filter lets through, once, and from the network header on.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../host-error.ts';
import { openPacketSocket, type PacketSocket } from './packet-socket.ts';

function open(): PacketSocket | string {
  if (process.platform !== 'linux') return 'this is not Linux';
  try {
    return openPacketSocket();
  } catch (error) {
    return messageOf(error);
  }
}

async function seen(socket: PacketSocket, wanted: (text: string) => boolean): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  for (let turn = 0; turn < 20; turn++) {
    await sleep(20);
    socket.drain(({ bytes }) => {
      if (wanted(Buffer.from(bytes).toString('latin1'))) packets.push(bytes.slice());
    });
  }
  return packets;
}

describe('packet socket', () => {
  it('hands over DNS once although loopback shows it twice, and no other UDP', async ({ skip }) => {
    const opened = open();
    if (typeof opened === 'string') return skip(opened);
    using socket = opened;
    const mark = `mark-${process.pid}`;
    for (const port of [53, 5353, 9_999]) {
      const sender = createSocket('udp4');
      sender.on('error', () => {});
      sender.send(`${mark} to ${port}`, port, '127.0.0.1');
      await sleep(10);
      sender.close();
    }
    const packets = await seen(socket, (text) => text.includes(mark));
    expect(packets.map((bytes) => Buffer.from(bytes).toString('latin1', 28))).toEqual([
      `${mark} to 53`,
      `${mark} to 5353`,
    ]);
    expect(packets[0]![0]! >> 4).toBe(4);
    expect(socket.dropped()).toBe(0);
  });

  it('of TCP, hands over the packet that begins with a ClientHello', async ({ skip }) => {
    const opened = open();
    if (typeof opened === 'string') return skip(opened);
    using socket = opened;
    const server = createServer((peer) => peer.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(client, 'connect');
    client.setNoDelay();
    const mark = `hello-${process.pid}`;
    client.write(`plain ${mark}`);
    await sleep(30);
    client.write(Buffer.concat([Buffer.of(0x16, 3, 1, 0, 100, 1), Buffer.from(mark)]));
    const packets = await seen(socket, (text) => text.includes(mark));
    client.destroy();
    server.close();
    expect(packets).toHaveLength(1);
    expect(Buffer.from(packets[0]!).toString('latin1')).not.toContain('plain');
  });
});
