// Packs what a tool says into frames: a few times a second, bounded, numbered without a hole.
import type { ToolOutput } from '@foretop/proto';
import { type ToolEvent, toolLimits } from '@foretop/proto/tools';

const waitMs = 100;
/** Other fields of a frame, and of each event. */
const overheadBytes = 64;
const eventOverheadBytes = 4;

export class ToolOutputs {
  readonly #requestId: Uint8Array;
  readonly #send: (output: ToolOutput) => boolean;
  #events: string[] = [];
  #bytes = overheadBytes;
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `send`: false when it was not sent; of what a tool says nothing more is done about that. */
  constructor(requestId: Uint8Array, send: (output: ToolOutput) => boolean) {
    this.#requestId = requestId;
    this.#send = send;
  }

  say(event: ToolEvent): void {
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text);
    if (bytes > toolLimits.eventBytes) return this.#sayTooLong(event);
    if (this.#bytes + bytes + eventOverheadBytes > toolLimits.outputBytes) this.flush();
    this.#events.push(text);
    this.#bytes += bytes + eventOverheadBytes;
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events.length === 0) return;
    this.#sequence += 1;
    this.#send({ requestId: this.#requestId, sequence: this.#sequence, events: this.#events });
    this.#events = [];
    this.#bytes = overheadBytes;
  }

  /** Of a capture, at most 60 KiB. @returns false when they were not sent: then nobody misses them. */
  sendPackets(packets: Uint8Array): boolean {
    this.flush();
    const isSent = this.#send({ requestId: this.#requestId, sequence: this.#sequence + 1, events: [], packets });
    if (isSent) this.#sequence += 1;
    return isSent;
  }

  /** No tool makes one; if one does, its reader must still see that something is missing. */
  #sayTooLong({ kind }: ToolEvent): void {
    this.say({ kind: 'progress', done: 0, of: 0, text: `something of the kind '${kind}' was too long to be told` });
  }
}
