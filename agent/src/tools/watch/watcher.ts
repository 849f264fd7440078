// Attempts of one watch, every so many seconds, each told with when it was made.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchParameters } from '@foretop/proto/tools';
import type { Clock } from '../../host/clock.ts';
import { probeOnce } from './probe-once.ts';

/** One attempt of a watch. */
export interface ProbeSample {
  /** Of the watch. */
  id: string;
  /** When it was made, CLOCK_BOOTTIME. */
  boottimeUs: number;
  answered: boolean;
  /** Of one that was answered. */
  rttUs: number;
}

export interface WatcherOptions {
  parameters: WatchParameters;
  /** The one that was offered and signed; a name is not looked up again. */
  address: Uint8Array;
  clock: Pick<Clock, 'boottimeUs'>;
  onProbe: (sample: ProbeSample) => void;
  /** Before each attempt: whether it may still be made. */
  mayProbe: () => boolean;
  signal: AbortSignal;
}

/** Resolves once it may not go on, or was stopped. Never rejects. */
export async function watchOver({
  parameters,
  address,
  clock,
  onProbe,
  mayProbe,
  signal,
}: WatcherOptions): Promise<void> {
  const { id, intervalSeconds } = parameters;
  const underWay = new Set<Promise<void>>();
  const intervalUs = intervalSeconds * 1e6;
  let nextUs = clock.boottimeUs() + Math.min(1e6, intervalUs);
  while (!signal.aborted) {
    const waitMs = Math.max(0, (nextUs - clock.boottimeUs()) / 1_000);
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || !mayProbe()) break;
    const boottimeUs = clock.boottimeUs();
    const one: Promise<void> = probeOnce(parameters, address, signal)
      .catch(() => ({ answered: false, rttUs: 0 }))
      .then((probed) => void (signal.aborted || onProbe({ id, boottimeUs, ...probed })))
      .finally(() => underWay.delete(one));
    underWay.add(one);
    // After a suspend the missed attempts are not made up for.
    nextUs = Math.max(nextUs, clock.boottimeUs() - intervalUs) + intervalUs;
  }
  await Promise.all(underWay);
}
