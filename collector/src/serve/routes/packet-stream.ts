// The packets of a host's part as a body: read from the database only as fast as they are taken, to the end of what there is or of the part.
import { setTimeout as sleep } from 'node:timers/promises';

/** Also how long another collector's news may take to be seen here. */
const beatMs = 5_000;

export interface Looked {
  /** What stands from there on, some of it. */
  pieces: readonly Uint8Array[];
  /** Bytes of the stream so far. */
  bytes: number;
  /** More may come. */
  isOpen: boolean;
}

export interface PacketBodyOptions {
  from: number;
  /** Waits for what is still to come. */
  follow: boolean;
  /** Throws when the reader may not see it any more. */
  look: (from: number) => Promise<Looked>;
  /** Resolves with the next news, or the abort. */
  changed: (signal: AbortSignal) => Promise<void>;
  /** The reader has gone. */
  signal: AbortSignal;
  /** Called once at the end. */
  ended: () => void;
}

export function packetBody(options: PacketBodyOptions): ReadableStream<Uint8Array> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, options.signal]);
  const pieces = follow(options, signal);
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    options.ended();
  };
  options.signal.addEventListener('abort', end, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (done !== true) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          // The answer breaks off, so that its reader knows that it is not whole.
          end();
          controller.error(error);
        }
      },
      cancel() {
        left.abort();
        end();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* follow(options: PacketBodyOptions, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = options.from; !signal.aborted;) {
    const beat = new AbortController();
    const news = options.changed(AbortSignal.any([beat.signal, signal]));
    try {
      const { pieces, bytes, isOpen } = await options.look(at);
      for (const piece of pieces) {
        at += piece.length;
        yield piece;
      }
      if (pieces.length > 0) continue;
      if (at < bytes) throw new Error(`packets from byte ${at} on were deleted`);
      if (!options.follow || !isOpen) return;
      await Promise.race([news, sleep(beatMs, undefined, { signal: beat.signal }).catch(() => undefined)]);
    } finally {
      beat.abort();
    }
  }
}
