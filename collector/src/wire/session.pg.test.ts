import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits, type Watch } from '@foretop/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openTestWire, type TestWire, until } from '../../test/wire.ts';
import { type IncomingBatch, type Ingest, IngestError } from '../ingest/ingest.ts';
import type { AgentLink, LiveHub } from '../live/hub.ts';

/** An ingest that is full until the test says otherwise. */
class FullIngest implements Ingest {
  full = true;
  readonly taken: number[] = [];

  async submit(batch: IncomingBatch): Promise<'committed'> {
    if (this.full) throw new IngestError('overloaded', 'full');
    this.taken.push(batch.sequence);
    return 'committed';
  }

  counters(): Record<string, number> {
    return {};
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const ingest = new FullIngest();
let wire: TestWire;

beforeAll(async () => {
  wire = await openTestWire({ ingest });
});

afterAll(() => wire[Symbol.asyncDispose]());

describe('an agent whose batches ingest cannot take', () => {
  it('is not read from until it can, and loses nothing', async () => {
    ingest.full = true;
    const { agent, hostId } = await wire.enrolled();
    const { agent: other, hostId: otherId } = await wire.enrolled();
    const epoch = randomBytes(8);
    for (let sequence = 1; sequence <= 3; sequence++) {
      agent.batch({
        epoch,
        sequence,
        previousSequence: sequence - 1,
        payload: randomBytes(400_000),
        payloadBytes: 400_000,
      });
    }
    await until(() => wire.endpoint.counters()['paused'] === 1);
    expect(wire.endpoint.counters()['heldBytes']).toBe(1_200_000);
    agent.pulse(77);
    other.pulse(78);
    await until(() => wire.live.lastPulse(otherId)?.pulse.rxRate === 78);
    expect(wire.live.lastPulse(hostId)).toBeUndefined();
    ingest.full = false;
    let acknowledged = 0;
    while (acknowledged < 3) acknowledged = (await agent.next('ack')).sequence!;
    expect(ingest.taken).toEqual([1, 2, 3]);
    await until(() => wire.live.lastPulse(hostId)?.pulse.rxRate === 77);
    expect(wire.endpoint.counters()).toMatchObject({ paused: 0, heldBytes: 0 });
  });

  it('goes on being heard while what it sent is little', async () => {
    ingest.full = true;
    const { agent, hostId } = await wire.enrolled();
    const epoch = randomBytes(8);
    agent.batch({ epoch, sequence: 1, payload: randomBytes(100), payloadBytes: 100 });
    agent.pulse(5);
    await until(() => wire.live.lastPulse(hostId)?.pulse.rxRate === 5);
    expect(wire.endpoint.counters()['paused']).toBe(0);
    ingest.full = false;
    expect((await agent.next('ack')).sequence).toBe(1);
  });

  it('is parted with when it sends more than the window allows', async () => {
    ingest.full = true;
    const { agent } = await wire.enrolled();
    const epoch = randomBytes(8);
    for (let sequence = 1; sequence <= limits.inflightBatches + 1; sequence++) {
      agent.batch({ epoch, sequence, previousSequence: sequence - 1, payload: randomBytes(10), payloadBytes: 10 });
    }
    expect((await agent.ended).name).toBe('unexpected-frame');
    ingest.full = false;
  });
});

describe('an agent that does not read', () => {
  it('is parted with, and its socket does not linger', async () => {
    const links: AgentLink[] = [];
    await using slow = await openTestWire({
      wrapLive: (live: LiveHub): LiveHub => ({
        ...live,
        connected(link, session) {
          links.push(link);
          live.connected(link, session);
        },
      }),
    });
    const { agent } = await slow.enrolled();
    agent.socket.pause();
    const bulky: Watch = { sections: Array.from({ length: 400_000 }, () => 1) };
    for (let sent = 0; sent < 60 && slow.endpoint.counters()['connected'] === 1; sent++) {
      links[0]!.watch(bulky);
      await sleep(1);
    }
    expect(slow.endpoint.counters()).toMatchObject({ connected: 0, closed_too_slow_total: 1 });
    await sleep(5_200);
    agent.socket.resume();
    await agent.ended;
    expect(agent.socket.readyState).toBe(WebSocket.CLOSED);
  });
});
