// Probes under way: sent at a pace, matched with what comes back, given up after a time.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Flight<Probe, Answer> {
  probes: Iterable<Probe>;
  /** Told apart by it while they are under way. */
  keyOf: (probe: Probe) => number | string;
  /** @returns errno's name when it did not leave, else an empty string. */
  send: (probe: Probe) => string;
  /** What has come since it was asked last. */
  collect: () => { key: number | string; atUs: number; answer: Answer }[];
  /** The clock of `atUs`. */
  nowUs: () => number;
  onAnswer: (probe: Probe, answer: Answer, rttUs: number) => void;
  onSilence: (probe: Probe) => void;
  onUnsent: (probe: Probe, errno: string) => void;
  /** Left out when their turn comes. */
  isNeeded?: (probe: Probe) => boolean;
  perSecond: number;
  timeoutMs: number;
  mostUnderWay: number;
  signal: AbortSignal;
}

/** The kernel notes when a packet came: looking this often costs no precision. */
const lookMs = 5;
/** Of one turn, so that others get theirs. */
const mostATurn = 64;

interface UnderWay<Probe> {
  probe: Probe;
  sentUs: number;
  sentMs: number;
}

/** Resolves once each probe is answered, given up or left out. Rejects when the signal aborts. */
export async function fly<Probe, Answer>(flight: Flight<Probe, Answer>): Promise<void> {
  const { keyOf, send, collect, nowUs, perSecond, timeoutMs, mostUnderWay, signal } = flight;
  const underWay = new Map<number | string, UnderWay<Probe>>();
  const queue = neededOf(flight.probes, flight.isNeeded);
  const intervalMs = 1_000 / perSecond;
  let nextMs = performance.now();
  let isEmpty = false;

  function launch(): void {
    const nowMs = performance.now();
    for (let left = mostATurn; left > 0 && nextMs <= nowMs && underWay.size < mostUnderWay; left--) {
      const next = queue.next();
      if (next.done) return void (isEmpty = true);
      // What waited is not made up for at once.
      nextMs = Math.max(nextMs, nowMs - 2 * lookMs) + intervalMs;
      const probe = next.value;
      const one = { probe, sentUs: nowUs(), sentMs: performance.now() };
      const errno = send(probe);
      if (errno === '') underWay.set(keyOf(probe), one);
      else flight.onUnsent(probe, errno);
    }
  }

  function take(): void {
    for (const { key, atUs, answer } of collect()) {
      const one = underWay.get(key);
      if (!one || !underWay.delete(key)) continue;
      flight.onAnswer(one.probe, answer, between(one, atUs));
    }
    const oldestMs = performance.now() - timeoutMs;
    for (const [key, { probe, sentMs }] of underWay) {
      if (sentMs > oldestMs) break;
      underWay.delete(key);
      flight.onSilence(probe);
    }
  }

  while (!isEmpty || underWay.size > 0) {
    signal.throwIfAborted();
    if (!isEmpty) launch();
    take();
    if (!isEmpty || underWay.size > 0) await sleep(lookMs, undefined, { signal });
  }
}

function* neededOf<Probe>(probes: Iterable<Probe>, isNeeded: (probe: Probe) => boolean = () => true): Generator<Probe> {
  for (const probe of probes) if (isNeeded(probe)) yield probe;
}

/** A wall clock that was set meanwhile must not make an answer come before its question. */
function between({ sentUs, sentMs }: UnderWay<unknown>, atUs: number): number {
  const byClockUs = atUs - sentUs;
  const mostUs = (performance.now() - sentMs) * 1_000;
  return Math.round(byClockUs >= 0 && byClockUs <= mostUs + 1_000 ? byClockUs : mostUs);
}
