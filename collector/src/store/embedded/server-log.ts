// What the server says: kept in a file of bounded size, with the last lines at hand for error messages.
import { appendFileSync, renameSync, statSync } from 'node:fs';

const fileBytes = 2 << 20;
const tailLines = 40;

export interface ServerLog {
  write(text: string): void;
  /** The last lines, oldest first. */
  tail(): string[];
}

/** Two files of up to 2 MiB: `path` and the one before it, `path`.1. */
export function openServerLog(path: string): ServerLog {
  let bytes = sizeOf(path);
  let lines: string[] = [];
  return {
    write(text) {
      lines = [...lines, ...text.split('\n').filter((line) => line !== '')].slice(-tailLines);
      try {
        if (bytes > fileBytes) {
          renameSync(path, `${path}.1`);
          bytes = 0;
        }
        appendFileSync(path, text, { mode: 0o600 });
        bytes += Buffer.byteLength(text);
      } catch {
        // A full disk is what the server is most likely complaining about; the tail still has it.
      }
    },
    tail: () => lines,
  };
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
