// A configuration file on disk: read, bounded, and its faults kept for the one list of all faults.
import { readFileSync, statSync } from 'node:fs';
import { type JsoncEntry, JsoncError, parseJsonc } from './jsonc.ts';

export interface SettingsFile {
  path: string;
  entries: ReadonlyMap<string, JsoncEntry>;
  faults: string[];
  /** Whether its mode lets other users read it. */
  isOpenToOthers: boolean;
}

const mostBytes = 1 << 20;

/** undefined when there is none; for one that was asked for (`required`) that is a fault. */
export function readSettingsFile(path: string, required: boolean): SettingsFile | undefined {
  const empty = { path, entries: new Map<string, JsoncEntry>(), isOpenToOthers: false };
  const fault = (text: string): SettingsFile => ({ ...empty, faults: [text] });
  try {
    const { size, mode } = statSync(path);
    const isOpenToOthers = process.platform !== 'win32' && (mode & 0o004) !== 0;
    if (size > mostBytes) return fault(`The configuration file ${path} has ${size} bytes; ${mostBytes} are allowed.`);
    return { path, entries: parseJsonc(readFileSync(path, 'utf8')), faults: [], isOpenToOthers };
  } catch (error) {
    if (error instanceof JsoncError)
      return fault(`The configuration file ${path} cannot be understood: in line ${error.line}, ${error.message}.`);
    if (!required && /^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    return fault(`The configuration file ${path} cannot be read: ${(error as Error).message}`);
  }
}
