// Hands answers to the thread that parses them; one for all lists of the page, started with the first.
import { ApiError } from '../api/client.ts';
import { startWorker } from '../ui/start-worker.ts';
import type { ConnectionBatch } from './connection-batch.ts';
import type { ParseAnswer, ParseRequest } from './connection-worker.ts';

let worker: Promise<Worker> | undefined;
let nextId = 1;
const waiting = new Map<number, { resolve: (batch: ConnectionBatch) => void; reject: (error: ApiError) => void }>();

const failed = () => new ApiError('failed', 'The answer could not be read.');

async function start(): Promise<Worker> {
  const begun = await startWorker(
    () => new Worker(new URL('./connection-worker.ts', import.meta.url), { type: 'module' }),
  );
  begun.onmessage = ({ data }: MessageEvent<ParseAnswer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('batch' in data) asked?.resolve(data.batch);
    else asked?.reject(new ApiError('failed', 'The collector gave an answer that is no list.'));
  };
  begun.onerror = () => {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(failed());
    waiting.clear();
  };
  return begun;
}

/** Throws ApiError when the bytes are no page of connections. */
export async function parseConnections(bytes: ArrayBuffer): Promise<ConnectionBatch> {
  const begun = await (worker ??= start()).catch(() => {
    worker = undefined;
    throw failed();
  });
  const request: ParseRequest = { id: nextId++, bytes };
  return new Promise((resolve, reject) => {
    waiting.set(request.id, { resolve, reject });
    begun.postMessage(request, [bytes]);
  });
}
