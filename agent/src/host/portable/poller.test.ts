// Rhythm, order and failures of the readers.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Poller, type Reader } from './poller.ts';

let nowUs: number;
let poller: Poller;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  nowUs = 0;
  poller = new Poller(() => nowUs);
});
afterEach(() => {
  poller[Symbol.dispose]();
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 100) {
    nowUs += 100_000;
    await vi.advanceTimersByTimeAsync(100);
  }
}

function reader(name: string, everyMs: number, read: Reader<unknown>['read']): Reader<unknown> {
  return { name, everyMs, timeoutMs: 1_000, read };
}

describe('Poller', () => {
  it('reads each on its rhythm and keeps the last result', async () => {
    let count = 0;
    const polled = poller.add(reader('a', 1_000, () => Promise.resolve(++count)));
    expect(polled.latest()).toBeUndefined();
    await pass(100);
    expect(polled.latest()).toMatchObject({ value: 1 });
    const first = polled.latest();
    await pass(500);
    expect(polled.latest()).toBe(first);
    await pass(3_000);
    expect(count).toBe(4);
  });

  it('runs one at a time', async () => {
    let running = 0;
    let most = 0;
    const read = async () => {
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 250));
      running--;
    };
    for (const name of ['a', 'b', 'c']) poller.add(reader(name, 100, read));
    await pass(5_000);
    expect(most).toBe(1);
  });

  it('rests longer after a reading that took long, and says so', async () => {
    let count = 0;
    const polled = poller.add(
      reader('slow', 500, async () => {
        count++;
        await new Promise((done) => setTimeout(done, 400));
      }),
    );
    await pass(600);
    expect(polled.everyMs()).toBeGreaterThanOrEqual(2_700);
    await pass(2_000);
    expect(count).toBe(1);
    await pass(3_000);
    expect(count).toBe(2);
  });

  it('keeps the result of before when a reading fails or takes too long, and says why', async () => {
    const outcomes: (() => Promise<unknown>)[] = [
      () => Promise.resolve('good'),
      () => Promise.reject(new Error('refused')),
      () => new Promise(() => {}),
      () => Promise.resolve('better'),
    ];
    const polled = poller.add(reader('a', 1_000, () => (outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!)()));
    await pass(500);
    expect([polled.latest()?.value, polled.failure()]).toEqual(['good', undefined]);
    await pass(1_000);
    expect([polled.latest()?.value, polled.failure()]).toEqual(['good', 'refused']);
    await pass(2_000);
    expect(polled.failure()).toBe('Reading a took longer than 1000 ms');
    await pass(15_000);
    expect([polled.latest()?.value, polled.failure()]).toEqual(['better', undefined]);
  });

  it('stops what runs when it is disposed', async () => {
    let stopped = false;
    poller.add(
      reader('a', 1_000, (signal) => {
        signal.addEventListener('abort', () => (stopped = true));
        return sleep(10_000, undefined, { signal });
      }),
    );
    await pass(100);
    poller[Symbol.dispose]();
    expect(stopped).toBe(true);
    await pass(2_000);
  });
});
