// Ports by whole connections: needs no right, and can hear what a service says.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTcp } from '../tcp-connect.ts';
import type { ToolContext } from '../tool.ts';
import { readBanner } from './banner.ts';
import type { PortsTold, Verdict } from './ports-told.ts';

const timeoutMs = 2_000;
const mostUnderWay = 100;
const states = { open: 'open', refused: 'closed', timeout: 'filtered', unreachable: 'filtered' } as const;

export async function scanByConnect(
  { parameters, addresses, signal }: ToolContext<'scan'>,
  { ports, perSecond, told }: { ports: readonly number[]; perSecond: number; told: PortsTold },
): Promise<void> {
  const failed = new AbortController();
  const over = AbortSignal.any([signal, failed.signal]);
  const underWay = new Set<Promise<void>>();
  const intervalMs = 1_000 / perSecond;
  let nextMs = performance.now();
  try {
    for (const port of ports) await launch(port);
    await Promise.all(underWay);
    over.throwIfAborted();
  } catch (error) {
    throw failed.signal.aborted && !signal.aborted ? failed.signal.reason : error;
  }

  async function launch(port: number): Promise<void> {
    const waitMs = nextMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal: over });
    nextMs = Math.max(nextMs, performance.now() - 20) + intervalMs;
    while (underWay.size >= mostUnderWay) await Promise.race(underWay);
    over.throwIfAborted();
    const one: Promise<void> = verdictOf(port)
      .then((verdict) => told.told(port, verdict))
      .catch((error: unknown) => failed.abort(error))
      .finally(() => underWay.delete(one));
    underWay.add(one);
  }

  /** Silence is asked once more: one packet may be lost. */
  async function verdictOf(port: number): Promise<Verdict> {
    const at = { address: addresses[0]!, port, timeoutMs };
    let found = await connectTcp(at, over);
    if (found.outcome === 'timeout') found = await connectTcp(at, over);
    const { outcome, rttUs, socket } = found;
    const banner = socket && parameters.banners ? await readBanner(socket, port, over) : '';
    socket?.destroy();
    const isTimed = outcome === 'open' || outcome === 'refused';
    return { state: states[outcome], ...(isTimed && { rttUs }), ...(banner !== '' && { banner }) };
  }
}
