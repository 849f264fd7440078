// Trace: who passes packets on to an address, hop by hop.
import { formatAddress } from '@foretop/proto';
import type { HopEvent, TraceParameters } from '@foretop/proto/tools';
import { aimAt } from '../aim.ts';
import { fly } from '../flight.ts';
import { requireProbes } from '../needs.ts';
import { counted } from '../text.ts';
import type { Tool, ToolContext, ToolEnding } from '../tool.ts';
import { HopNames } from './hop-names.ts';
import { openIcmpProbes, openTcpProbes, openUdpProbes, type TraceAnswer, type TraceProbes } from './probes.ts';

const timeoutMs = 2_000;
const perSecond = 50;
/** Two hops ahead of the nearest that has not answered, with several probes each: more would ask behind the target in vain. */
const mostUnderWay = 12;
const firstUdpPort = 33_434;
const httpsPort = 443;
const mostPort = 65_535;

export const trace: Tool<'trace'> = {
  target: ({ target }) => target,
  async aim({ target, family, protocol }, aid) {
    const addresses = await aimAt({ target, family, use: protocol === 'tcp' ? 'connect' : 'probe' }, aid);
    requireProbes(protocol, addresses[0]!, protocol === 'tcp' ? 'ICMP and UDP may do without.' : '');
    return addresses;
  },
  async run(context) {
    const { parameters, addresses, signal } = context;
    using probes = openProbes(parameters, addresses[0]!);
    using names = new HopNames();
    const hops = new Hops(context, names);
    await fly<number, TraceAnswer>({
      probes: numbers(parameters.maxHops * parameters.probesPerHop),
      keyOf: (number) => number,
      send: (number) => probes.send(number, hops.hopOf(number)),
      collect: () => probes.collect(),
      nowUs: () => probes.nowUs(),
      onAnswer: (number, answer, rttUs) => hops.answered(number, answer, rttUs),
      onSilence: (number) => hops.ended(number, { outcome: 'timeout' }),
      onUnsent: (number) => hops.ended(number, { outcome: 'unreachable' }),
      isNeeded: (number) => !hops.isOver(number),
      ...{ perSecond, timeoutMs, mostUnderWay, signal },
    });
    return hops.ending();
  },
};

function openProbes({ protocol, port, maxHops, probesPerHop }: TraceParameters, target: Uint8Array): TraceProbes {
  if (protocol === 'icmp') return openIcmpProbes(target);
  if (protocol === 'tcp') return openTcpProbes(target, port ?? httpsPort, probesPerHop);
  return openUdpProbes(target, Math.min(port ?? firstUdpPort, mostPort - maxHops * probesPerHop) - 1);
}

type HopOutcome = Omit<HopEvent, 'kind' | 'hop' | 'attempt' | 'address' | 'name'> & { address?: Uint8Array };

/** Says the hops in their order, each once all of its probes have ended, up to the one where the target answers. */
class Hops {
  readonly #context: ToolContext<'trace'>;
  readonly #names: HopNames;
  readonly #ended = new Map<number, HopOutcome>();
  #nextHop = 1;
  /** The nearest from which nothing goes on. */
  #lastHop: number;
  #reachedHop = 0;
  #said: Promise<void> = Promise.resolve();

  constructor(context: ToolContext<'trace'>, names: HopNames) {
    this.#context = context;
    this.#names = names;
    this.#lastHop = context.parameters.maxHops;
  }

  hopOf(number: number): number {
    return Math.ceil(number / this.#context.parameters.probesPerHop);
  }

  isOver(number: number): boolean {
    return this.hopOf(number) > this.#lastHop;
  }

  answered(number: number, { kind, address }: TraceAnswer, rttUs: number): void {
    const hop = this.hopOf(number);
    if (kind !== 'expired') this.#lastHop = Math.min(this.#lastHop, hop);
    if (kind === 'reached') this.#reachedHop = this.#reachedHop === 0 ? hop : Math.min(this.#reachedHop, hop);
    if (address) void this.#names.of(address);
    const outcome = kind === 'expired' ? 'answered' : kind;
    this.ended(number, { outcome, rttUs, ...(address && { address }) });
  }

  ended(number: number, outcome: HopOutcome): void {
    this.#ended.set(number, outcome);
    const { probesPerHop } = this.#context.parameters;
    for (; this.#nextHop <= this.#lastHop; this.#nextHop++) {
      const first = (this.#nextHop - 1) * probesPerHop + 1;
      const ended = Array.from({ length: probesPerHop }, (_, index) => this.#ended.get(first + index));
      if (ended.includes(undefined)) return;
      const hop = this.#nextHop;
      this.#said = this.#said.then(() => this.#tell(hop, ended as HopOutcome[]));
    }
  }

  async ending(): Promise<ToolEnding> {
    await this.#said;
    const hops = this.#nextHop - 1;
    const detail =
      this.#reachedHop > 0
        ? `reached in ${counted(this.#reachedHop, 'hop')}`
        : `not reached in ${counted(hops, 'hop')}`;
    return { detail, summary: { hops, reached: this.#reachedHop > 0 ? 1 : 0 } };
  }

  async #tell(hop: number, outcomes: HopOutcome[]): Promise<void> {
    for (const [index, { address, ...rest }] of outcomes.entries()) {
      const name = address ? await this.#names.of(address) : '';
      if (this.#context.signal.aborted) return;
      this.#context.say({
        ...{ kind: 'hop', hop, attempt: index + 1, ...rest },
        ...(address && { address: formatAddress(address) }),
        ...(name !== '' && { name }),
      });
    }
  }
}

function* numbers(last: number): Generator<number> {
  for (let number = 1; number <= last; number++) yield number;
}
