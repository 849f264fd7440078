// A run as server-sent events (WHATWG HTML section 9.2): what was said from where the reader left off, each new state, and the end.
import type { ToolRun, ToolRunEvent } from '@foretop/proto/api';
import { setTimeout as sleep } from 'node:timers/promises';

/** Also how long another collector's news may take to be seen here. */
const beatMs = 10_000;

export interface Followed {
  run: ToolRun;
  said: ToolRunEvent[];
}

export interface StreamOptions {
  /** Number of the last event that the reader has. */
  after: number;
  /** Some of what came after that number, and the run as it stood before. Throws when the reader may not see it any more. */
  look: (after: number) => Promise<Followed>;
  /** Resolves with the next news, or the abort. */
  changed: (signal: AbortSignal) => Promise<void>;
  /** The reader has gone. */
  signal: AbortSignal;
  /** Called once at the end. */
  ended: () => void;
}

export function toolStream(options: StreamOptions): ReadableStream<Uint8Array> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, options.signal]);
  const texts = follow(options, signal);
  const encoder = new TextEncoder();
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    options.ended();
  };
  options.signal.addEventListener('abort', end, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await texts.next().catch(() => ({ done: true, value: undefined }));
        if (!done && value !== undefined) return controller.enqueue(encoder.encode(value));
        end();
        controller.close();
      },
      cancel() {
        left.abort();
        end();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* follow(options: StreamOptions, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  let { after } = options;
  let shown = '';
  yield 'retry: 1000\n\n';
  while (!signal.aborted) {
    const beat = new AbortController();
    const news = options.changed(AbortSignal.any([beat.signal, signal]));
    try {
      const { run, said } = await options.look(after);
      for (const one of said) yield `id: ${one.number}\nevent: said\ndata: ${JSON.stringify(one)}\n\n`;
      if (said.length > 0) {
        after = said.at(-1)!.number;
        continue;
      }
      const text = JSON.stringify(run);
      if (text !== shown) yield `event: run\ndata: ${text}\n\n`;
      shown = text;
      if (run.status === 'ended') return void (yield 'event: end\ndata: {}\n\n');
      await Promise.race([news, sleep(beatMs, undefined, { signal: beat.signal }).catch(() => undefined)]);
      if (!signal.aborted) yield ': here\n\n';
    } finally {
      beat.abort();
    }
  }
}
