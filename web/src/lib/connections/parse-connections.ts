// Hands answers to the thread that parses them; one for all lists of the page, started with the first.
import { ApiError } from '../api/client.ts';
import type { ConnectionBatch } from './connection-batch.ts';
import type { ParseAnswer, ParseRequest } from './connection-worker.ts';

let worker: Worker | undefined;
let nextId = 1;
const waiting = new Map<number, { resolve: (batch: ConnectionBatch) => void; reject: (error: ApiError) => void }>();

function start(): Worker {
  const started = new Worker(new URL('./connection-worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<ParseAnswer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('batch' in data) asked?.resolve(data.batch);
    else asked?.reject(new ApiError('failed', 'The collector gave an answer that is no list.'));
  };
  started.onerror = () => {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(new ApiError('failed', 'The answer could not be read.'));
    waiting.clear();
  };
  return started;
}

/** Throws ApiError when the bytes are no page of connections. */
export function parseConnections(bytes: ArrayBuffer): Promise<ConnectionBatch> {
  worker ??= start();
  const request: ParseRequest = { id: nextId++, bytes };
  return new Promise((resolve, reject) => {
    waiting.set(request.id, { resolve, reject });
    worker!.postMessage(request, [bytes]);
  });
}
