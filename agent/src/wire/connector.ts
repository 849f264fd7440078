// Keeps a connection to the collector: connects, waits after a loss, gives up only where no retry can help.
import { setTimeout as sleep } from 'node:timers/promises';
import { closeReasons, type CloseName } from '@foretop/proto';
import type { Logger } from 'pino';
import { createBackoff } from './backoff.ts';
import { runSession, type Lanes, type SessionOptions } from './session.ts';

export type ConnectionState =
  | { state: 'connecting' }
  | { state: 'connected' }
  | { state: 'waiting'; reason: string; retryInMs: number }
  | { state: 'refused'; close: CloseName }
  | { state: 'stopped' };

export interface Connector {
  state(): ConnectionState;
  lanes(): Lanes | undefined;
  /** Settles when the connector ends by itself (refused) or by its signal (undefined). */
  ended: Promise<CloseName | undefined>;
}

export interface ConnectorOptions extends Omit<SessionOptions, 'onOpen'> {
  /** The collector has said Welcome. */
  onOpened?: (lanes: Lanes) => void;
  /** The connection that onOpened told of is over. */
  onEnd: () => void;
  random: () => number;
  log: Logger;
}

/** A connection that held this long was a good one: the next wait is short again. */
const goodSessionMs = 10_000;

export function startConnector(options: ConnectorOptions): Connector {
  const { log, signal, random } = options;
  const backoff = createBackoff(random);
  let state: ConnectionState = { state: 'connecting' };
  let lanes: Lanes | undefined;

  async function once(): Promise<CloseName | undefined> {
    state = { state: 'connecting' };
    let openedMs = Number.POSITIVE_INFINITY;
    const end = await runSession({
      ...options,
      onOpen(opened) {
        openedMs = performance.now();
        lanes = opened;
        state = { state: 'connected' };
        options.onOpened?.(opened);
        log.info({ event: 'connected', url: options.url }, 'Connected to the collector.');
      },
    });
    lanes = undefined;
    options.onEnd();
    if (end.kind === 'refused') return end.close;
    if (end.kind === 'stopped') return undefined;
    if (performance.now() - openedMs > goodSessionMs) backoff.reset();
    const retryInMs = backoff.nextMs(end.retryAfterMs);
    state = { state: 'waiting', reason: end.reason, retryInMs };
    log.warn(
      { event: 'disconnected', reason: end.reason, retryInMs },
      `Not connected: ${end.reason}. Next attempt in ${(retryInMs / 1_000).toFixed(1)} s.`,
    );
    await sleep(retryInMs, undefined, { signal }).catch(() => undefined);
    return undefined;
  }

  async function keep(): Promise<CloseName | undefined> {
    while (!signal.aborted) {
      const close = await once();
      if (!close) continue;
      state = { state: 'refused', close };
      log.error({ event: 'refused', close }, `The collector refused this agent: ${closeReasons[close].text}`);
      return close;
    }
    state = { state: 'stopped' };
    return undefined;
  }

  return { state: () => state, lanes: () => lanes, ended: keep() };
}
