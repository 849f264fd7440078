// A thread of its own for answers of the REST API: pages of connections are parsed and made columns beside the page's drawing.
import type { ConnectionList } from '@foretop/proto/api';
import { started } from '../ui/start-worker.ts';
import { encodeBatch, transferable, type ConnectionBatch } from './connection-batch.ts';

export interface ParseRequest {
  id: number;
  bytes: ArrayBuffer;
}

export type ParseAnswer = { id: number; batch: ConnectionBatch } | { id: number; failure: string };

/** This file's global scope, which the page's types do not know. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ParseRequest>) => void) | null;
  postMessage(answer: ParseAnswer | typeof started, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const decoder = new TextDecoder();

scope.onmessage = ({ data: { id, bytes } }) => {
  try {
    const batch = encodeBatch(JSON.parse(decoder.decode(bytes)) as ConnectionList);
    scope.postMessage({ id, batch }, transferable(batch));
  } catch (error) {
    scope.postMessage({ id, failure: String(error) }, []);
  }
};
scope.postMessage(started, []);
