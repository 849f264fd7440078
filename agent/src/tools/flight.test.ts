// Probes under way: their pace, their number, and that each ends once, in one way.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fly, type Flight } from './flight.ts';

interface Seen {
  sent: number[];
  answered: number[];
  silent: number[];
  unsent: number[];
}

/** Even ones are answered at once, odd ones never, and those above 90 do not leave. */
function flight(change: Partial<Flight<number, string>> = {}): { seen: Seen; flight: Flight<number, string> } {
  const seen: Seen = { sent: [], answered: [], silent: [], unsent: [] };
  let waiting: number[] = [];
  const nowUs = () => performance.now() * 1_000;
  return {
    seen,
    flight: {
      probes: [1, 2, 3, 4, 91],
      keyOf: (probe) => probe,
      send(probe) {
        seen.sent.push(probe);
        if (probe > 90) return 'ENETUNREACH';
        if (probe % 2 === 0) waiting.push(probe, probe);
        return '';
      },
      collect() {
        const came = waiting.map((key) => ({ key, atUs: nowUs(), answer: 'here' }));
        waiting = [];
        return [{ key: 77, atUs: 0, answer: 'nobody asked' }, ...came];
      },
      nowUs,
      onAnswer: (probe) => seen.answered.push(probe),
      onSilence: (probe) => seen.silent.push(probe),
      onUnsent: (probe) => seen.unsent.push(probe),
      ...{ perSecond: 1_000, timeoutMs: 100, mostUnderWay: 10, signal: new AbortController().signal },
      ...change,
    },
  };
}

test('each probe ends once: answered, silent or not sent', async () => {
  const { seen, flight: one } = flight();
  await fly(one);
  expect(seen).toEqual({ sent: [1, 2, 3, 4, 91], answered: [2, 4], silent: [1, 3], unsent: [91] });
});

test('no more are sent a second than may be, and no more are under way', async () => {
  const probes = Array.from({ length: 20 }, (_, index) => index * 2);
  const { seen, flight: slow } = flight({ probes, perSecond: 50 });
  const startedMs = performance.now();
  await fly(slow);
  expect(performance.now() - startedMs).toBeGreaterThan(19 * 20 - 30);
  expect(seen.answered).toEqual(probes);
  const { flight: narrow } = flight({ probes: [1, 3, 5], mostUnderWay: 1 });
  const narrowMs = performance.now();
  await fly(narrow);
  expect(performance.now() - narrowMs).toBeGreaterThan(290);
});

test('what is not needed any more when its turn comes is left out', async () => {
  const { seen, flight: one } = flight({ probes: [2, 4, 6, 8], perSecond: 50 });
  await fly({ ...one, isNeeded: () => seen.answered.length < 2 });
  expect(seen.sent).toEqual([2, 4]);
});

test('ends at once when it is stopped', async () => {
  const stop = new AbortController();
  const { seen, flight: one } = flight({ probes: [1], timeoutMs: 60_000, signal: stop.signal });
  const flying = fly(one);
  await sleep(50);
  stop.abort();
  await expect(flying).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen.silent).toEqual([]);
});

test('a clock that was set back meanwhile makes no negative time, and one set ahead no long one', async () => {
  for (const atUs of [0, 9e15]) {
    const times: number[] = [];
    const { flight: one } = flight({
      probes: [2],
      collect: () => [{ key: 2, atUs, answer: 'here' }],
      onAnswer: (_probe, _answer, rttUs) => times.push(rttUs),
    });
    await fly(one);
    expect(times[0]).toBeGreaterThanOrEqual(0);
    expect(times[0]).toBeLessThan(1_000_000);
  }
});
