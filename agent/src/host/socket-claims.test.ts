// Claims against this kernel's own sockets: found by descriptor, named by cookie, and asked for no more often than they may cost.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { openSocketDump, type SocketDump } from './linux/sock-diag.ts';
import { SocketClaims } from './socket-claims.linux.ts';

it.runIf(process.platform === 'linux')(
  'knows whose a connection is, for two ticks, and dumps within its share',
  async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    using dump = openSocketDump();
    let cookie = 0;
    dump.each(
      0,
      (message) => message.remotePort === port && (cookie = message.cookie),
      () => {},
    );

    let dumps = 0;
    let nowMs = 0;
    const counted: SocketDump = { ...dump, each: (...all) => (dumps++, (nowMs += 5), dump.each(...all)) };
    const claims = new SocketClaims(
      () => counted,
      () => nowMs,
      () => nowMs,
    );
    const own = { pid: process.pid, startTicks: 1, comm: 'test' };
    claims.look([own]);
    expect(claims.ownerOf(cookie)).toBe(own);
    expect(dumps).toBe(2);

    const other = connect(port, '127.0.0.1');
    await once(other, 'connect');
    claims.look([own]);
    expect(dumps).toBe(2);
    nowMs += 500;
    claims.look([own]);
    expect(dumps).toBe(4);
    nowMs += 500;
    claims.look([own]);
    expect(dumps).toBe(4);

    claims.endTick();
    expect(claims.ownerOf(cookie)).toBe(own);
    claims.endTick();
    expect(claims.ownerOf(cookie)).toBeUndefined();
    client.destroy();
    other.destroy();
    server.close();
  },
);
