// What one host says while a tool runs there: checked, in order, of the kinds that the tool has, and no more than is kept of a run.
import type { ToolOutput } from '@foretop/proto';
import { readToolEvents, type ToolEvent, ToolFault, toolLimits, type ToolName } from '@foretop/proto/tools';
import { cleanText } from '../store/host-text.ts';
import type { ControlLink } from '../command/link.ts';
import type { EventWriter } from './event-writer.ts';
import type { PacketIntake } from './packet-intake.ts';

const mostHostBytes = 4 << 20;
/** Of all hosts of a run together. */
const mostRun = { events: 40_000, bytes: 24 << 20 };
const longestText = 4_096;
const always = ['resolved', 'progress', 'ended'] as const;
const kinds: Record<ToolName, ToolEvent['kind'] | undefined> = {
  ping: 'ping',
  trace: 'hop',
  dns: 'dns-answer',
  scan: 'port',
  certificate: 'certificate',
  http: 'http',
  watch: 'ping',
  capture: undefined,
};

/** What its hosts have said together. */
export class RunTally {
  readonly runId: string;
  #number = 0;
  #bytes = 0;

  constructor(runId: string) {
    this.runId = runId;
  }

  /** The number of the next event; undefined = the run is full. The end of a host's part always fits. */
  take(bytes: number, isEnd: boolean): number | undefined {
    if (!isEnd && (this.#number >= mostRun.events || this.#bytes + bytes > mostRun.bytes)) return undefined;
    this.#bytes += bytes;
    return ++this.#number;
  }
}

export interface IntakeOptions {
  tally: RunTally;
  requestId: string;
  hostId: number;
  tool: ToolName;
  writer: Pick<EventWriter, 'add' | 'count'>;
  /** Of a capture; nothing else brings packets. */
  packets: PacketIntake | undefined;
  /** Unix milliseconds. */
  now: () => number;
}

export class OutputIntake {
  readonly #options: IntakeOptions;
  #sequence = 0;
  #events = 0;
  #bytes = 0;
  #dropped = 0;
  #ended = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** @returns what is wrong with it, where an honest host would not have sent it: nothing of it is kept. */
  take(output: ToolOutput, link: ControlLink): string | undefined {
    const { packets, tool } = this.#options;
    const sequence = output.sequence ?? 0;
    const hasPackets = (output.packets?.length ?? 0) > 0;
    if (sequence <= this.#sequence) return `output ${sequence} after ${this.#sequence}`;
    let events: ToolEvent[];
    try {
      events = readToolEvents(output.events ?? []);
      const stray = events.find(({ kind }) => !this.#fits(kind));
      if (stray) throw new ToolFault(`A ${tool} says no ${stray.kind}.`);
      if (hasPackets && !packets) throw new ToolFault(`A ${tool} brings no packets.`);
      if (this.#ended) throw new ToolFault('It had ended.');
    } catch (error) {
      if (!(error instanceof ToolFault)) throw error;
      this.#dropped++;
      this.#tell();
      return error.message;
    }
    // A frame that the host gave up is a hole in what is shown; in packets it is the end.
    if (sequence > this.#sequence + 1) packets?.missed(sequence, this.#sequence);
    this.#dropped += sequence - this.#sequence - 1;
    this.#sequence = sequence;
    if (hasPackets) packets?.take(output.packets!, link);
    for (const event of events) this.#keep(event);
    this.#tell();
    return undefined;
  }

  #fits(kind: ToolEvent['kind']): boolean {
    return kind === kinds[this.#options.tool] || (always as readonly string[]).includes(kind);
  }

  #keep(event: ToolEvent): void {
    const { tally, hostId, writer, now } = this.#options;
    const isEnd = event.kind === 'ended';
    this.#ended ||= isEnd;
    const text = JSON.stringify(event, (_name, value: unknown) =>
      typeof value === 'string' ? cleanText(value, longestText) : value,
    );
    const isFull = this.#events >= toolLimits.events || this.#bytes + text.length > mostHostBytes;
    const number = isFull && !isEnd ? undefined : tally.take(text.length, isEnd);
    const isKept =
      number !== undefined && writer.add({ runId: tally.runId, number, hostId, saidAt: new Date(now()), event: text });
    if (!isKept) return void this.#dropped++;
    this.#events++;
    this.#bytes += text.length;
  }

  #tell(): void {
    const { requestId, writer } = this.#options;
    writer.count({ requestId, events: this.#events, dropped: Math.min(this.#dropped, 2_147_483_647) });
  }
}
