// Hands the person a capture as a pcapng file. One that is sealed is opened here, with the key of this browser.
import type { ToolRunHost } from '@foretop/proto/api';
import { createOpener } from '@foretop/proto/capture';
import { respond } from '../api/client.ts';
import { captureKey } from './capture-keys.ts';
import { packetsPath } from './packet-stream.ts';

/** What of it is there so far. Throws ApiError, and Error in words when it cannot be opened. */
export async function saveCapture(runId: string, part: ToolRunHost, isSealed: boolean): Promise<void> {
  const response = await respond(packetsPath(runId, part.requestId), {
    headers: { accept: 'application/x-pcapng, application/octet-stream' },
  });
  const told = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const name = (told ?? `capture-${part.hostId}.pcapng`).replace(/\.sealed$/, '');
  const stored = await response.arrayBuffer();
  if (!isSealed) return save([stored], name);
  const { pieces, fault } = await opened(runId, part.requestId, new Uint8Array(stored));
  save(pieces, name);
  if (fault !== '') throw new Error(`Only the beginning was saved. ${fault}`);
}

async function opened(
  runId: string,
  requestId: string,
  sealed: Uint8Array,
): Promise<{ pieces: Uint8Array<ArrayBuffer>[]; fault: string }> {
  const key = await captureKey(runId);
  if (!key) throw new Error('The key of this capture is not in this browser.');
  const opener = await createOpener(key.privateKey, key.publicKey, requestId);
  const pieces = (await opener.push(sealed)) as Uint8Array<ArrayBuffer>[];
  return { pieces, fault: opener.fault?.message ?? '' };
}

function save(parts: BlobPart[], name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type: 'application/x-pcapng' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
