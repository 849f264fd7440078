// Captures packets of this host: headers, or whole and then sealed to whoever asked, as pcapng.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createSealer,
  enhancedPacket,
  FilterFault,
  type Filter,
  interfaceDescription,
  interfaceStatistics,
  parseFilter,
  SealFault,
  sectionHeader,
} from '@foretop/proto/capture';
import type { CaptureParameters } from '@foretop/proto/tools';
import type { CapturedFrame } from '../../host/linux/capture-socket.ts';
import type { Tool, ToolContext, ToolEnding } from '../tool.ts';
import { ToolRefusal } from '../tool-refusal.ts';
import { recordedFrame } from './frame.ts';
import { type OpenCapture, openCapture, requireCapture } from './open-capture.ts';
import { Pace } from './pace.ts';
import { PacketStream } from './packet-stream.ts';

const lookMs = 40;
/** So long after the end, packets of the time before come off the ring: a block that is not full is kept back so long. */
const settleMs = 40;
/** What had come by the end may take so long to leave; what is left in the ring then is counted. */
const partingMs = 3_000;

export const capture: Tool<'capture'> = {
  target: () => '',
  async aim(parameters) {
    const filter = filterOf(parameters);
    if (parameters.recipient !== undefined) await sealerOf(parameters.recipient, '0'.repeat(32));
    requireCapture(parameters, filter);
    return [];
  },
  async run(context) {
    const { parameters, packets: way } = context;
    const { recipient, maxBytes } = parameters;
    using open = openCapture(parameters, filterOf(parameters), way.own());
    const sealer = recipient === undefined ? undefined : await sealerOf(recipient, way.requestId);
    const running = new Capture(context, open, new PacketStream({ way, maxBytes, sealer }));
    // Awaited here: the ring must not go before it.
    return await running.run();
  },
};

/** Throws ToolRefusal. */
function filterOf({ filter }: CaptureParameters): Filter {
  try {
    return parseFilter(filter);
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    const text = `The filter, from its character ${error.at + 1} on: ${error.message}`;
    throw new ToolRefusal('malformed', text, { cause: error });
  }
}

/** Throws ToolRefusal. */
async function sealerOf(recipient: string, requestId: string) {
  try {
    return await createSealer(recipient, requestId);
  } catch (error) {
    // A key may have the right length and still be none to agree on (RFC 7748 section 6.1).
    const why = error instanceof SealFault ? error.message : 'it is no key of X25519.';
    throw new ToolRefusal('malformed', `Nothing can be sealed to this key: ${why}`, { cause: error });
  }
}

type End = Pick<ToolEnding, 'detail'> & { outcome: NonNullable<ToolEnding['outcome']> };

class Capture {
  readonly #context: ToolContext<'capture'>;
  readonly #open: OpenCapture;
  readonly #stream: PacketStream;
  readonly #pace = new Pace();
  #packets = 0;
  #droppedByLimit = 0;

  constructor(context: ToolContext<'capture'>, open: OpenCapture, stream: PacketStream) {
    this.#context = context;
    this.#open = open;
    this.#stream = stream;
  }

  async run(): Promise<ToolEnding> {
    const { signal, parameters } = this.#context;
    const { name, linkType, snapBytes } = this.#open;
    this.#stream.begin(
      sectionHeader({ os: 'Linux', application: 'Foretop' }),
      interfaceDescription({ name, linkType, snapLength: snapBytes, filter: parameters.filter }),
    );
    const endMs = performance.now() + parameters.maxSeconds * 1_000;
    let toldMs = performance.now();
    let end: End | undefined;
    while (!end) {
      this.#drain();
      if (this.#stream.isDue()) await this.#stream.flush(signal);
      if (performance.now() - toldMs >= 1_000) {
        toldMs = performance.now();
        this.#tell();
      }
      end = this.#endOf(endMs);
      if (!end) await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
    return this.#finish(end);
  }

  #endOf(endMs: number): End | undefined {
    const { signal, parameters } = this.#context;
    if (signal.aborted) {
      const { reason } = signal;
      return { outcome: 'cancelled', detail: reason instanceof Error ? reason.message : String(reason) };
    }
    if (this.#stream.isBlocked)
      return {
        outcome: 'limit',
        detail: 'ended because the way to the collector had no room for 10 s; what came last is missing',
      };
    if (this.#droppedByLimit > 0)
      return { outcome: 'limit', detail: `ended at its limit of ${parameters.maxBytes.toLocaleString('en')} bytes` };
    if (this.#open.socket.isGone())
      return { outcome: 'failed', detail: `the interface ${parameters.interface} was removed` };
    if (performance.now() >= endMs) return { outcome: 'completed', detail: `its ${parameters.maxSeconds} s are over` };
    return undefined;
  }

  /** @returns whether nothing is left. */
  #drain(): boolean {
    const isEnough = () => this.#droppedByLimit > 0 || this.#stream.isFull() || this.#pace.isSpent();
    return this.#open.socket.drain((frame) => this.#take(frame), isEnough);
  }

  #take(frame: CapturedFrame): void {
    if (this.#droppedByLimit > 0) return void this.#droppedByLimit++;
    const isCut = this.#context.parameters.content === 'headers';
    const { bytes, original } = recordedFrame(frame, this.#open.linkType, isCut);
    const block = enhancedPacket({ interface: 0, atNs: frame.atNs, original, bytes });
    if (!this.#stream.add(block)) return void this.#droppedByLimit++;
    this.#packets++;
    this.#pace.spend(block.length);
  }

  #tell(): void {
    const { dropped } = this.#open.socket.counts();
    const lost = dropped > 0 ? `, ${dropped.toLocaleString('en')} lost by the kernel` : '';
    const text = `${this.#packets.toLocaleString('en')} packets${lost}`;
    this.#context.say({ kind: 'progress', done: this.#stream.bytes, of: this.#context.parameters.maxBytes, text });
  }

  async #finish(end: End): Promise<ToolEnding> {
    const { socket } = this.#open;
    await sleep(settleMs);
    const parting = AbortSignal.timeout(partingMs);
    while (!this.#drain() && this.#droppedByLimit === 0 && !this.#stream.isBlocked && !parting.aborted) {
      await this.#stream.flush(parting);
      await sleep(lookMs);
    }
    socket.drain(
      () => void this.#droppedByLimit++,
      () => false,
    );
    const { received, dropped } = socket.counts();
    const atNs = BigInt(Date.now()) * 1_000_000n;
    await this.#stream.flush(parting, interfaceStatistics({ interface: 0, atNs, received, dropped }));
    const cut =
      this.#stream.isBlocked && end.outcome !== 'limit' ? '; what came last did not get to the collector' : '';
    return {
      outcome: end.outcome,
      detail: `${this.#packets.toLocaleString('en')} packets; ${end.detail}${cut}${this.#open.note}`,
      summary: {
        packets: this.#packets,
        bytes: this.#stream.bytes,
        droppedByKernel: dropped,
        droppedByLimit: this.#droppedByLimit,
      },
    };
  }
}
