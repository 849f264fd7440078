// A backtest: asks the collector to run a detector over stored history and tells how far it is, line by line.
import type { BacktestEvent, BacktestRequest, BacktestResult } from '@foretop/proto/api';
import { respond } from '#lib/api/client.ts';

/** Whole lines of a stream, however it was cut. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      yield* lines.filter((line) => line.trim() !== '');
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Throws ApiError when it is refused, Error when it fails or breaks off. */
export async function runBacktest(
  detector: string,
  asked: BacktestRequest,
  signal: AbortSignal,
  onprogress: (progress: { share: number; observations: number; findings: number }) => void,
): Promise<BacktestResult> {
  const path = `/detectors/${encodeURIComponent(detector)}/backtest`;
  const { body } = await respond(path, { method: 'POST', body: asked, signal });
  if (body)
    for await (const line of linesOf(body)) {
      const event = JSON.parse(line) as BacktestEvent;
      if (event.kind === 'progress') onprogress(event);
      else if (event.kind === 'failed') throw new Error(event.message);
      else return event.result;
    }
  throw new Error('The backtest broke off before it had a result.');
}
