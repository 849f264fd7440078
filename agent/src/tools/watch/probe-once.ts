// A single attempt to reach an address, as watches make it again and again.
import type { WatchParameters } from '@foretop/proto/tools';
import { fly } from '../flight.ts';
import { type EchoAnswer, Echoes } from '../ping/echoes.ts';
import { connectTcp } from '../tcp-connect.ts';

export interface Probed {
  /** A refusal is none: nothing was served. */
  answered: boolean;
  rttUs: number;
}

const timeoutMs = 3_000;
const payloadBytes = 56;

/** Rejects when the signal aborts, and with what the system says. */
export async function probeOnce(
  { protocol, port }: Pick<WatchParameters, 'protocol' | 'port'>,
  address: Uint8Array,
  signal: AbortSignal,
): Promise<Probed> {
  if (protocol === 'icmp') return echoOnce(address, signal);
  const { outcome, rttUs, socket } = await connectTcp({ address, port: port!, timeoutMs }, signal);
  socket?.resetAndDestroy();
  return { answered: outcome === 'open', rttUs };
}

async function echoOnce(address: Uint8Array, signal: AbortSignal): Promise<Probed> {
  using echoes = new Echoes(address, payloadBytes);
  let probed: Probed = { answered: false, rttUs: 0 };
  await fly<number, EchoAnswer>({
    probes: [1],
    keyOf: (attempt) => attempt,
    send: (attempt) => echoes.send(attempt),
    collect: () => echoes.collect(),
    nowUs: () => echoes.nowUs(),
    onAnswer: (_attempt, { kind }, rttUs) => void (probed = { answered: kind === 'reply', rttUs }),
    onSilence: () => undefined,
    onUnsent: () => undefined,
    ...{ perSecond: 1, timeoutMs, mostUnderWay: 1, signal },
  });
  return probed;
}
