// Somebody who looks which doors are open: connects to the ports of one host of the lab, one after the other, and ends.
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const target = 'db-1';
const lastPort = 400;
const betweenMs = 25;

const { address } = await lookup(target, 4);
for (let port = 1; port <= lastPort; port++) {
  const socket = connect({ host: address, port, timeout: 500 });
  socket.on('connect', () => socket.destroy());
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => undefined);
  await sleep(betweenMs);
}
