// Ports by half a handshake: a SYN, its answer, and the kernel's reset.
import { fly } from '../flight.ts';
import { SynSocket } from '../syn-socket.ts';
import type { ToolContext } from '../tool.ts';
import type { PortsTold } from './ports-told.ts';

const timeoutMs = 1_500;
const mostUnderWay = 1_000;

interface Answer {
  port: number;
  state: 'open' | 'closed' | 'filtered';
}

interface Probe {
  port: number;
  number: number;
}

export async function scanBySyn(
  { addresses, signal }: ToolContext<'scan'>,
  { ports, perSecond, told }: { ports: readonly number[]; perSecond: number; told: PortsTold },
): Promise<void> {
  using syns = new SynSocket(addresses[0]!);
  let sent = 0;
  // Silence is asked once more: one packet may be lost.
  for (let asked: readonly number[] = ports, pass = 1; pass <= 2 && asked.length > 0; pass++) {
    const silent: number[] = [];
    await fly<Probe, Answer>({
      probes: asked.map((port) => ({ port, number: ++sent })),
      keyOf: ({ number }) => number,
      send: ({ port, number }) => syns.send(port, number),
      collect: () =>
        syns.collect().map(({ kind, port, sequence, atUs }) => ({
          key: sequence,
          atUs,
          answer: { port, state: kind === 'error' ? ('filtered' as const) : kind },
        })),
      nowUs: () => syns.nowUs(),
      onAnswer: ({ port }, answer, rttUs) =>
        // An answer of another port than its number says is none.
        answer.port === port
          ? told.told(port, { state: answer.state, ...(answer.state !== 'filtered' && { rttUs }) })
          : silent.push(port),
      onSilence: ({ port }) => silent.push(port),
      onUnsent: ({ port }) => silent.push(port),
      ...{ perSecond, timeoutMs, mostUnderWay, signal },
    });
    asked = silent;
    if (pass === 2) for (const port of silent) told.told(port, { state: 'filtered' });
  }
}
