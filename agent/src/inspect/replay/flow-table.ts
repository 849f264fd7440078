// The conversations of a capture, bounded: what is over or was quiet for long is given out.
import { addressKey } from '../payload.ts';
import type { Transport } from '../packet/transport.ts';
import { Flow } from './flow.ts';

const maxFlows = 65_536;
/** One by one would cost a search for the oldest each time. */
const endedTogether = 4_096;
const sweepUs = 10_000_000;
/** What comes after the end still belongs to it. */
const lingerUs = 5_000_000;
const attemptUs = 60_000_000;
const udpUs = 120_000_000;
const tcpUs = 3_600_000_000;

export class FlowTable {
  readonly #flows = new Map<string, Flow>();
  readonly #ended: (flow: Flow) => void;
  #nextId = 1;
  #nowUs = 0;
  #sweptUs = 0;

  constructor(ended: (flow: Flow) => void) {
    this.#ended = ended;
  }

  /** @returns the flow that the packet belongs to, with the packet counted. */
  add(transport: Transport): Flow {
    // Clocks of captures jump back.
    this.#nowUs = Math.max(this.#nowUs, transport.timeUs);
    if (this.#nowUs - this.#sweptUs >= sweepUs) this.#sweep();
    const { protocol, source, sourcePort, destination, destinationPort } = transport;
    const key = keyOf(protocol, source, sourcePort, destination, destinationPort);
    let flow = this.#flows.get(key);
    if (flow?.isOtherConnection(transport)) {
      this.#end(key, flow);
      flow = undefined;
    }
    if (!flow) {
      if (this.#flows.size >= maxFlows) this.#endOldest();
      flow = new Flow(this.#nextId++, transport);
      this.#flows.set(key, flow);
    }
    flow.add(transport);
    return flow;
  }

  find(
    protocol: number,
    source: Uint8Array,
    sourcePort: number,
    destination: Uint8Array,
    port: number,
  ): Flow | undefined {
    return this.#flows.get(keyOf(protocol, source, sourcePort, destination, port));
  }

  end(): void {
    for (const [key, flow] of this.#flows) this.#end(key, flow);
  }

  #sweep(): void {
    this.#sweptUs = this.#nowUs;
    for (const [key, flow] of this.#flows) if (this.#nowUs - flow.lastUs > lifeUs(flow)) this.#end(key, flow);
  }

  #endOldest(): void {
    let left = endedTogether;
    for (const [key, flow] of this.#flows) {
      if (left-- === 0) return;
      this.#end(key, flow);
    }
  }

  #end(key: string, flow: Flow): void {
    this.#flows.delete(key);
    this.#ended(flow);
  }
}

function lifeUs(flow: Flow): number {
  if (flow.protocol === 17) return udpUs;
  if (flow.isOver) return lingerUs;
  return flow.state === 'established' ? tcpUs : attemptUs;
}

/** The same from either end. */
function keyOf(
  protocol: number,
  source: Uint8Array,
  sourcePort: number,
  destination: Uint8Array,
  port: number,
): string {
  const [a, b] = [`${addressKey(source)}/${sourcePort}`, `${addressKey(destination)}/${port}`];
  return a < b ? `${protocol}/${a}/${b}` : `${protocol}/${b}/${a}`;
}
