// Ping: how long an address takes to answer, by ICMP echoes or by TCP handshakes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PingEvent, PingParameters } from '@foretop/proto/tools';
import { formatAddress } from '@foretop/proto';
import { aimAt } from '../aim.ts';
import { fly } from '../flight.ts';
import { requireProbes } from '../needs.ts';
import { connectTcp, type Connected } from '../tcp-connect.ts';
import type { Tool, ToolContext } from '../tool.ts';
import { type EchoAnswer, Echoes } from './echoes.ts';
import { PingFigures } from './figures.ts';

const timeoutMs = 3_000;

export const ping: Tool<'ping'> = {
  target: ({ target }) => target,
  async aim({ target, family, protocol }, aid) {
    const addresses = await aimAt({ target, family, use: protocol === 'tcp' ? 'connect' : 'probe' }, aid);
    if (protocol === 'icmp') requireProbes('icmp', addresses[0]!);
    return addresses;
  },
  async run(context) {
    const told = new InOrder(context);
    await (context.parameters.protocol === 'icmp' ? pingIcmp(context, told) : pingTcp(context, told));
    return { detail: told.figures.detail(), summary: told.figures.summary() };
  },
};

/** Says each attempt as it ends, and counts them in the order in which they were made. */
class InOrder {
  readonly figures = new PingFigures();
  readonly #say: (event: PingEvent) => void;
  readonly #ended = new Map<number, number | undefined>();
  #next = 1;

  constructor({ say }: Pick<ToolContext<'ping'>, 'say'>) {
    this.#say = say;
  }

  ended(event: Omit<PingEvent, 'kind'>): void {
    this.#say({ kind: 'ping', ...event });
    this.#ended.set(event.attempt, event.outcome === 'answered' ? event.rttUs : undefined);
    for (; this.#ended.has(this.#next); this.#next++) this.figures.add(this.#ended.get(this.#next));
  }
}

async function pingIcmp({ parameters, addresses, signal }: ToolContext<'ping'>, told: InOrder): Promise<void> {
  const target = addresses[0]!;
  using echoes = new Echoes(target, parameters.payloadBytes);
  await fly<number, EchoAnswer>({
    probes: attempts(parameters),
    keyOf: (attempt) => attempt,
    send: (attempt) => echoes.send(attempt),
    collect: () => echoes.collect(),
    nowUs: () => echoes.nowUs(),
    onAnswer: (attempt, answer, rttUs) => told.ended({ attempt, ...outcomeOf(answer, rttUs) }),
    onSilence: (attempt) => told.ended({ attempt, outcome: 'timeout' }),
    onUnsent: (attempt) => told.ended({ attempt, outcome: 'unreachable' }),
    perSecond: 1_000 / parameters.intervalMs,
    ...{ timeoutMs, mostUnderWay: parameters.count, signal },
  });
}

export function outcomeOf(answer: EchoAnswer, rttUs: number): Pick<PingEvent, 'outcome' | 'rttUs' | 'ttl' | 'from'> {
  if (answer.kind === 'reply')
    return { outcome: 'answered', rttUs, ...(answer.ttl !== undefined && { ttl: answer.ttl }) };
  const { offender } = answer.error;
  return { outcome: 'unreachable', ...(offender && { from: formatAddress(offender) }) };
}

async function pingTcp({ parameters, addresses, signal }: ToolContext<'ping'>, told: InOrder): Promise<void> {
  const underWay: Promise<void>[] = [];
  const at = { address: addresses[0]!, port: parameters.port!, timeoutMs };
  for (const attempt of attempts(parameters)) {
    if (attempt > 1) await sleep(parameters.intervalMs, undefined, { signal });
    const one = connectTcp(at, signal).then((found) => told.ended({ attempt, ...tcpOutcome(found) }));
    one.catch(() => undefined); // told by the wait for all of them
    underWay.push(one);
  }
  await Promise.all(underWay);
}

/** A refusal says how far away it is, yet nothing was served. */
export function tcpOutcome({ outcome, rttUs, socket }: Connected): Pick<PingEvent, 'outcome' | 'rttUs'> {
  socket?.resetAndDestroy();
  if (outcome === 'open') return { outcome: 'answered', rttUs };
  return outcome === 'refused' ? { outcome, rttUs } : { outcome };
}

function* attempts({ count }: Pick<PingParameters, 'count'>): Generator<number> {
  for (let attempt = 1; attempt <= count; attempt++) yield attempt;
}
