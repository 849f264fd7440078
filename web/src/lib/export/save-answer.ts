// Saves an answer of the collector as a file. The session's secret is a header, which a plain link cannot send.
import { respond } from '../api/client.ts';

export interface SaveOptions {
  /** Of the file, where the answer names none or the person is asked first. */
  name: string;
  /** How many rows are expected; undefined: not known. */
  rows: number | undefined;
  signal: AbortSignal;
}

/** Up to here an answer may wait in memory until it is whole; some 15 MB. */
const fewRows = 50_000;

/** WICG File System Access, which not every browser has, nor any outside of a secure context. */
type SavePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/** A long answer goes into a file that the person chooses, as it comes; a short one into the folder of downloads. Throws ApiError. */
export async function saveAnswer(path: string, { name, rows, signal }: SaveOptions): Promise<void> {
  const { showSaveFilePicker } = globalThis as { showSaveFilePicker?: SavePicker };
  if (showSaveFilePicker && rows !== undefined && rows > fewRows) {
    const file = await showSaveFilePicker({ suggestedName: name }).catch(nothingChosen);
    if (!file) return;
    const { body } = await respond(path, { signal });
    // An answer that breaks off leaves the file as it was.
    await body?.pipeTo(await file.createWritable(), { signal });
    return;
  }
  const response = await respond(path, { signal });
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function nothingChosen(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'AbortError') return undefined;
  throw error;
}
