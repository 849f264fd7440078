// A browser that reads slowly: frames are skipped, memory stays bounded, and it starts anew from a whole picture.
import { EventEmitter } from 'node:events';
import { type HostLive, type FleetTick, ServerFrame, ViewerFrame } from '@foretop/proto/live';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { LiveHub } from '../live/hub.ts';
import { openViewer } from './viewer.ts';

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  sent: ServerFrame[] = [];
  closed: number | undefined;
  terminated = false;
  send(bytes: Uint8Array) {
    this.sent.push(ServerFrame.decode(bytes));
  }
  close(code: number) {
    this.closed = code;
  }
  terminate() {
    this.terminated = true;
  }
  ping() {}
}

/** As much of the hub as a viewer uses. */
function fakeHub() {
  const fleet = new Set<(tick: FleetTick) => void>();
  const hosts = new Set<(update: HostLive) => void>();
  const hub: Pick<LiveHub, 'fleetTick' | 'subscribeFleet' | 'watchHost'> = {
    fleetTick: () => ({ complete: true, hostId: [1] }),
    subscribeFleet(listener) {
      fleet.add(listener);
      return { [Symbol.dispose]: () => void fleet.delete(listener) };
    },
    watchHost(hostId, _want, listener) {
      hosts.add(listener);
      listener({ hostId, frame: { keyFrame: true } });
      return { [Symbol.dispose]: () => void hosts.delete(listener) };
    },
  };
  return { hub: hub as LiveHub, fleet, hosts };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const socket = new FakeSocket();
  const { hub, fleet, hosts } = fakeHub();
  const counts = { frames_sent_total: 0, frames_skipped_total: 0, resyncs_total: 0 };
  const viewer = openViewer(socket as unknown as WebSocket, { live: hub, counts, inSight: undefined });
  const ask = (frame: ViewerFrame) => socket.emit('message', Buffer.from(ViewerFrame.encode(frame).finish()), true);
  return { socket, fleet, hosts, counts, viewer, ask };
}

test('fleet ticks are skipped while the browser is behind, then it gets the whole fleet', () => {
  const { socket, fleet, counts, ask } = open();
  ask({ fleet: true });
  socket.bufferedAmount = 2 << 20;
  for (const listener of fleet) listener({ hostId: [1], rxRate: [5] });
  vi.advanceTimersByTime(1_000);
  expect(socket.sent).toHaveLength(1);
  socket.bufferedAmount = 0;
  for (const listener of fleet) listener({ hostId: [1], rxRate: [6] });
  expect(socket.sent, 'a delta after a skipped one would be wrong').toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(socket.sent.at(-1)!.fleet!.complete).toBe(true);
  expect(counts).toEqual({ frames_sent_total: 2, frames_skipped_total: 2, resyncs_total: 1 });
});

test('a host is watched anew, from a key frame, after frames were skipped', () => {
  const { socket, hosts, ask } = open();
  ask({ hostId: 1, sections: [2] });
  socket.bufferedAmount = 2 << 20;
  for (const listener of hosts) listener({ hostId: 1, frame: { closed: [1] } });
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(1_000);
  expect(hosts.size).toBe(1);
  expect(socket.sent).toHaveLength(2);
  expect(socket.sent.at(-1)!.host!.frame!.keyFrame).toBe(true);
  for (const listener of hosts) listener({ hostId: 1, frame: { closed: [2] } });
  expect(socket.sent.at(-1)!.host!.frame!.closed).toEqual([2]);
});

test('a browser far beyond the bound is cut, and holds no subscription', () => {
  const { socket, hosts, fleet, ask } = open();
  ask({ fleet: true });
  socket.bufferedAmount = 65 << 20;
  ask({ hostId: 1 });
  expect(socket.closed).toBe(4022);
  expect(fleet.size).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(socket.terminated).toBe(true);
  expect(hosts.size).toBe(0);
});

test('a connection that does not answer a ping is ended at the next one', () => {
  const { socket, viewer } = open();
  viewer.ping();
  socket.emit('pong');
  viewer.ping();
  expect(socket.terminated).toBe(false);
  viewer.ping();
  expect(socket.terminated).toBe(true);
});
