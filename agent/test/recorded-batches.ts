// Sealed batches with something recognisable in them.
import { encodeBatchBody } from '@foretop/proto';
import type { RecordedBatch } from '../src/frame/batch-body.ts';
import { encodeCheckpointStep } from '../src/frame/checkpoint.ts';
import { bootId, connection } from './synthetic-ticks.ts';

/** Its only gap's `lost` is the number; `bytes` of text make it as large as wanted. Its checkpoint remembers cookie = number. */
export function recordedBatch(number: number, bytes = 0, boot: Uint8Array = bootId): RecordedBatch {
  const gap = { startUs: number, endUs: number + 1, reason: 'stalled', lost: number, detail: noise(bytes, number) };
  const entry = { connection: connection({ cookie: number, rxBytes: number }), endUs: number };
  return {
    bootId: boot,
    body: encodeBatchBody({ bootId: boot, strings: [''], gaps: [gap] }),
    ...{ rows: 1, startUs: number, endUs: number + 1 },
    checkpoint: encodeCheckpointStep({ bootId: boot, aliveUs: number, full: false, entries: [entry], ended: [] }),
  };
}

/** Text that zstd cannot shrink much. */
function noise(length: number, seed: number): string {
  let state = seed + 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(33 + ((state >>> 16) % 90));
  }).join('');
}
