// One MaxMind DB, in a file for both families or in one for each; read into memory whole, and only once somebody asks.
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PlaceDatabase as State } from '@foretop/proto/api';
import { Reader, type Response } from 'maxmind';
import type { Logger } from 'pino';

export type PlaceRecord = Readonly<Record<string, unknown>>;

/** Paths; where they lie may have to be found or made first. undefined: it is off. */
export type FilesOf = (signal: AbortSignal) => Promise<DatabaseFiles | undefined>;

export type DatabaseFiles = { both: string } | { ipv4: string; ipv6: string };

export interface PlaceDatabase {
  /** From memory: undefined when nothing is known, or not read yet; then reading begins. */
  find(address: string, family: 4 | 6): PlaceRecord | undefined;
  /** Reads what this family needs. Never rejects: state says what became of it. */
  ready(family: 4 | 6): Promise<void>;
  /** Reads again what was read before, from where the files are now; the old ones answer until then. */
  reload(): Promise<void>;
  state(): State;
}

export interface PlaceDatabaseOptions {
  kind: State['kind'];
  files: FilesOf;
  log: Logger;
  signal: AbortSignal;
}

interface Part {
  reader: Reader<Response> | undefined;
  path: string;
  bytes: number;
  fault: { state: 'missing' | 'faulty'; detail: string } | undefined;
}

/** Of an installed package, or undefined when it is not there. */
export function installedFile(path: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(path);
  } catch {
    return undefined;
  }
}

export function createPlaceDatabase({ kind, files, log, signal }: PlaceDatabaseOptions): PlaceDatabase {
  const parts: Partial<Record<4 | 6, Promise<Part | undefined>>> = {};
  /** As far as they are there. */
  const ready: Partial<Record<4 | 6, Part>> = {};
  let off = false;

  /** `other`: of the other family, read no earlier than this is asked for. */
  async function read(family: 4 | 6, other: Part | undefined): Promise<Part | undefined> {
    let path = '';
    try {
      const found = await files(signal);
      off = found === undefined;
      if (found === undefined) return undefined;
      path = 'both' in found ? found.both : family === 4 ? found.ipv4 : found.ipv6;
      if (other?.reader !== undefined && other.path === path && 'both' in found) return other;
      const content = await readFile(path, { signal });
      return { reader: new Reader<Response>(content), path, bytes: content.length, fault: undefined };
    } catch (error) {
      if (signal.aborted) return undefined;
      const { code, message } = error as { code?: string; message: string };
      const missing = ['ENOENT', 'MODULE_NOT_FOUND'].includes(code ?? '');
      const detail = `${path === '' ? 'The file' : basename(path)} ${missing ? 'is not there' : `cannot be read: ${code ?? message}`}.`;
      log.warn({ event: 'place-database-unusable', kind, detail, err: error });
      return { reader: undefined, path, bytes: 0, fault: { state: missing ? 'missing' : 'faulty', detail } };
    }
  }

  function load(family: 4 | 6, other: Part | undefined): Promise<Part | undefined> {
    const loading = read(family, other).then((part) => {
      if (part === undefined) delete ready[family];
      // A file that became unusable does not take away the one that answers.
      else if (part.reader !== undefined || ready[family]?.reader === undefined) ready[family] = part;
      else ready[family] = { ...ready[family], fault: part.fault };
      return part;
    });
    parts[family] = loading;
    return loading;
  }

  return {
    find(address, family) {
      const reader = ready[family]?.reader;
      if (reader !== undefined) return lookUp(reader, address, family);
      if (parts[family] === undefined) void load(family, ready[family === 4 ? 6 : 4]);
      return undefined;
    },
    async ready(family) {
      await (parts[family] ?? load(family, ready[family === 4 ? 6 : 4]));
    },
    async reload() {
      const again = { 4: parts[4] !== undefined, 6: parts[6] !== undefined };
      // One after the other, so that a file for both is read once.
      const part = again[4] ? await load(4, undefined) : undefined;
      if (again[6]) await load(6, part);
    },
    state() {
      const known = [...new Set([ready[4], ready[6]].filter((part) => part !== undefined))];
      const fault = known.find((part) => part.fault !== undefined)?.fault;
      const reader = known.find((part) => part.reader !== undefined)?.reader;
      return {
        kind,
        files: [...new Set(known.map(({ path }) => basename(path)).filter((name) => name !== ''))],
        state: off ? 'off' : (fault?.state ?? (reader === undefined ? 'on-demand' : 'ready')),
        detail: fault?.detail ?? '',
        builtAt: reader === undefined ? null : timeOf(reader.metadata.buildEpoch),
        bytes: known.reduce((sum, part) => sum + part.bytes, 0),
      };
    },
  };
}

/** A file that is damaged in places knows nothing there; one of IPv4 networks knows nothing of IPv6. */
function lookUp(reader: Reader<Response>, address: string, family: 4 | 6): PlaceRecord | undefined {
  if (family === 6 && reader.metadata.ipVersion === 4) return undefined;
  try {
    return (reader.get(address) ?? undefined) as PlaceRecord | undefined;
  } catch {
    return undefined;
  }
}

const timeOf = (date: Date) => (Number.isNaN(date.getTime()) ? null : date.toISOString());
