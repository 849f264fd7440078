// The agent's side of the wire for tests: a connector with a spool and a key of its own, and a fake collector, ended after each test.
import type { CollectorFrame, HostPolicy } from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, expect, vi } from 'vitest';
import { openClockOffset } from '../src/wire/clock-offset.ts';
import { startConnector, type Connector } from '../src/wire/connector.ts';
import { openDirectSocket } from '../src/wire/direct-socket.ts';
import { openEnrolment, parseEnrolmentToken } from '../src/wire/enrolment.ts';
import { openIdentity } from '../src/wire/identity.ts';
import type { OpenSocket } from '../src/wire/message-socket.ts';
import type { Answer, SessionTimes } from '../src/wire/session.ts';
import { openSpool, type Spool, type SpoolOptions } from '../src/wire/spool.ts';
import { startFakeCollector, type FakeCollector, type FakeCollectorOptions } from './fake-collector.ts';
import { bootId } from './synthetic-ticks.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Run after the test, the last one first. */
export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function collector(options: FakeCollectorOptions = {}): Promise<FakeCollector> {
  const fake = await startFakeCollector(options);
  cleanups.push(() => fake[Symbol.asyncDispose]());
  return fake;
}

export interface WireAgent {
  connector: Connector;
  spool: Spool;
  logs: string[];
  watches: unknown[];
  /** Offer requests and the like, as they came, with what answers them. */
  commands: { frame: CollectorFrame; answer: Answer }[];
  /** The answers of all connections, oldest first. */
  answers: Answer[];
  stop: () => Promise<unknown>;
}

export interface WireAgentOptions {
  token?: string;
  directory?: string;
  times?: Partial<SessionTimes>;
  spool?: Partial<SpoolOptions>;
  epoch?: number;
  openSocket?: OpenSocket;
  policy?: HostPolicy;
}

export async function agent(fake: FakeCollector, options: WireAgentOptions = {}): Promise<WireAgent> {
  const directory = options.directory ?? home();
  const logs: string[] = [];
  const watches: unknown[] = [];
  const commands: WireAgent['commands'] = [];
  const answers: Answer[] = [];
  const stopping = new AbortController();
  const noLoss = { onLoss: () => undefined, onDisk: () => undefined };
  const epoch = Uint8Array.of(options.epoch ?? 1, 0, 0, 0, 0, 0, 0, 0);
  const spool = openSpool({ directory: `${directory}/spool`, epoch, ...noLoss, ...options.spool });
  const clock = { boottimeUs: () => Math.round(performance.now() * 1_000) + 5e9, wallUs: () => 1 };
  const connector = startConnector({
    url: `${fake.url.replace('http', 'ws')}/agent`,
    openSocket: options.openSocket ?? openDirectSocket,
    identity: await openIdentity(`${directory}/agent-key.json`),
    enrolment: openEnrolment(`${directory}/enrolment.json`, parseEnrolmentToken(options.token ?? fake.token)),
    ...{ spool, clock, bootId },
    offset: openClockOffset(`${directory}/clock.json`, bootId, () => undefined),
    hello: () => ({
      agentVersion: '9',
      machineId: new Uint8Array(32).fill(3),
      host: { name: 'h' },
      scope: 'machine',
      tier: 2,
      sources: [],
      ...(options.policy && { policy: options.policy }),
    }),
    onWatch: (watch) => watches.push(watch),
    onAck: () => undefined,
    onEnd: () => undefined,
    commands: {
      opened: (answer) => void answers.push(answer),
      handle: (frame, answer) => void commands.push({ frame, answer }),
    },
    random: () => 0,
    log: pino({}, { write: (line: string) => void logs.push(line) }),
    signal: stopping.signal,
    ...(options.times ? { times: options.times } : {}),
  });
  const stop = async () => {
    stopping.abort();
    const end = await connector.ended;
    spool[Symbol.dispose]();
    return end;
  };
  cleanups.push(stop);
  return { connector, spool, logs, watches, commands, answers, stop };
}

export function home(): string {
  const temporary = temporaryDirectory();
  cleanups.push(() => temporary[Symbol.dispose]());
  return temporary.path;
}

export const until = (check: () => unknown, timeout = 4_000) =>
  vi.waitFor(() => expect(check()).toBeTruthy(), { timeout, interval: 5 });
