import { randomBytes } from 'node:crypto';
import { type AgentFrame, closeNameOf, encodeAgentFrame } from '@foretop/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { sealBatch, segmentOf } from '../../test/batches.ts';
import type { TestAgent } from '../../test/test-agent.ts';
import { openTestWire, type TestWire, until } from '../../test/wire.ts';

let wire: TestWire;
/** Another host, which must not notice anything. */
let witness: { agent: TestAgent; hostId: number };

beforeAll(async () => {
  wire = await openTestWire({ admissionPerSecond: 1_000 });
  witness = await wire.enrolled();
});

afterAll(() => wire[Symbol.asyncDispose]());

async function witnessIsWell(): Promise<void> {
  const rxRate = Math.floor(Math.random() * 1e9);
  witness.agent.pulse(rxRate);
  await until(() => wire.live.lastPulse(witness.hostId)?.pulse.rxRate === rxRate);
}

const mutation = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat'),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

function mutate(frame: Uint8Array, { kind, at, bytes }: { kind: string; at: number; bytes: Uint8Array }): Uint8Array {
  const place = Math.floor(at * frame.length);
  const [before, after] = [frame.subarray(0, place), frame.subarray(place)];
  if (kind === 'cut') return before;
  if (kind === 'insert') return Buffer.concat([before, bytes, after]);
  if (kind === 'repeat') return Buffer.concat([frame, after]);
  const flipped = Uint8Array.from(frame);
  for (const [i, byte] of bytes.entries()) if (place + i < flipped.length) flipped[place + i]! ^= byte;
  return flipped;
}

function validFrames(agent: TestAgent, hostId: number): AgentFrame[] {
  const epoch = randomBytes(8);
  const host = { ...agent.identity, hostId, epoch };
  const { payload, payloadBytes } = sealBatch(host, 1, { segments: [segmentOf(host, 1)] });
  const { bootId } = agent.identity;
  const clock = { bootId, boottimeUs: agent.boottimeUs(), wallUs: Date.now() * 1000 };
  return [
    { pulse: { boottimeUs: agent.boottimeUs(), rxRate: 5, txRate: 6, memoryTotalBytes: 2 ** 40 } },
    { batch: { epoch, sequence: 1, payload, payloadBytes, clock, bootId, bootOffsetUs: -5, wallOffsetUs: 7 } },
    {
      live: {
        sequence: 1,
        keyFrame: true,
        opened: [
          {
            handle: 1,
            cookie: 2,
            protocol: 6,
            state: 1,
            localAddress: Uint8Array.of(1, 2, 3, 4),
            localPort: 5,
            comm: 'x',
          },
        ],
        updates: {
          handle: [1],
          state: [1],
          rxBytes: [1],
          txBytes: [1],
          rxRate: [1],
          txRate: [1],
          rttUs: [1],
          retransmissions: [1],
          known: [1],
          pid: [1],
        },
        started: [{ identity: { pid: 4, comm: 'sh', commandLine: 'sh -c x' }, state: 'R' }],
        interfaces: [{ name: 'eth0', rxBytes: 4 }],
        hasConnections: true,
      },
    },
    { goodbye: { reason: 'stopping' } },
  ];
}

/** Sends the bytes and waits until they were dealt with: the connection is gone, or the endpoint answered a ping after them. */
async function outcome(agent: TestAgent, bytes: Uint8Array): Promise<'open' | 'closed'> {
  agent.sendRaw(bytes);
  agent.socket.ping();
  const pong = new Promise<'open'>((resolve) => agent.socket.once('pong', () => resolve('open')));
  const result = await Promise.race([pong, agent.ended.then(() => 'closed' as const)]);
  if (result === 'closed') expect(closeNameOf((await agent.ended).code)).toBeDefined();
  return result;
}

describe('whatever one agent sends, its connection goes on or ends with a named code, and no other host notices', () => {
  it('random bytes before Hello', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const agent = wire.connect();
        await agent.next('challenge');
        await outcome(agent, bytes);
        agent[Symbol.dispose]();
      }),
      { numRuns: 100 },
    );
    await witnessIsWell();
  });

  it('a mutated Hello', async () => {
    const { agent: known } = await wire.enrolled();
    const epochs = [{ epoch: randomBytes(8), firstSequence: 1, lastSequence: 3 }];
    let welcomed = 0;
    await fc.assert(
      fc.asyncProperty(mutation, async (how) => {
        const agent = wire.connect(known.identity);
        const hello = await agent.hello({ epochs, sources: [{ name: 'sock_diag', reason: 'because' }] });
        if ((await outcome(agent, mutate(encodeAgentFrame({ hello }), how))) === 'open') {
          await Promise.race([agent.next('welcome').then(() => welcomed++), agent.ended]).catch(() => undefined);
        }
        agent[Symbol.dispose]();
      }),
      { numRuns: 150 },
    );
    // Some mutations touch only what may be anything: else this would test nothing behind the signature.
    expect(welcomed).toBeGreaterThan(0);
    await witnessIsWell();
  });

  it('mutated frames after Welcome', async () => {
    const { agent: known, hostId } = await wire.enrolled();
    const viewer = wire.live.watchHost(hostId, { sections: [1, 2, 3, 4], rateHz: 10 }, () => undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), mutation), { minLength: 1, maxLength: 10 }), async (plan) => {
        const agent = wire.connect(known.identity);
        await agent.join();
        for (const [which, how] of plan) {
          const frame = encodeAgentFrame(validFrames(agent, hostId)[which]!);
          if ((await outcome(agent, mutate(frame, how))) === 'closed') break;
        }
        agent[Symbol.dispose]();
      }),
      { numRuns: 80 },
    );
    viewer[Symbol.dispose]();
    await witnessIsWell();
    expect(witness.agent.socket.readyState).toBe(WebSocket.OPEN);
    const host = { ...witness.agent.identity, hostId: witness.hostId, epoch: randomBytes(8) };
    const { payload, payloadBytes, epoch } = sealBatch(host, 1, { segments: [segmentOf(host, 1)] });
    witness.agent.batch({ epoch, sequence: 1, payload, payloadBytes });
    expect(await witness.agent.next('ack')).toMatchObject({ sequence: 1, quarantined: [] });
  });
});
