// Reads a folder of known-bad lists, a file a list, within bounds; what cannot be used is told by line.
import { open, readdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { KnownBadList } from '@foretop/proto/api';
import { createKnownBad, type KnownBad } from './known-bad.ts';
import { parseListLine } from './parse-line.ts';

export interface ReadLists {
  lists: KnownBadList[];
  knownBad: KnownBad;
  /** What keeps the folder from being read; empty = nothing. */
  problem: string;
}

export interface ListBounds {
  files: number;
  bytes: number;
  entries: number;
}

/** Half a million entries take about 80 MB. */
export const listBounds: ListBounds = { files: 64, bytes: 64 << 20, entries: 500_000 };
const mostFaults = 20;
const counted = { address: 'addresses', network: 'networks', domain: 'domains' } as const;

/** Hidden files and those with other endings are none: editors leave them. A folder that is not there has no lists. */
const isList = (name: string) =>
  /^[^.].*$/.test(name) && /^(\.(txt|list|lst|hosts|netset|ipset|csv)|)$/.test(parse(name).ext);

export const noLists: ReadLists = { lists: [], knownBad: createKnownBad(), problem: '' };

/** Never rejects, but for an abort. */
export async function readLists(folder: string, signal: AbortSignal, bounds = listBounds): Promise<ReadLists> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter(isList).sort();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { ...noLists, problem: code === 'ENOENT' ? '' : `The folder of lists cannot be read: ${code ?? message}.` };
  }
  const knownBad = createKnownBad();
  const lists: KnownBadList[] = [];
  for (const name of names.slice(0, bounds.files)) {
    signal.throwIfAborted();
    lists.push(await readList(join(folder, name), parse(name).name.slice(0, 64), knownBad, signal, bounds));
  }
  const left = names.length - bounds.files;
  return { lists, knownBad, problem: left > 0 ? `${left} files beyond ${bounds.files} are left out.` : '' };
}

async function readList(
  path: string,
  name: string,
  knownBad: ReturnType<typeof createKnownBad>,
  signal: AbortSignal,
  bounds: ListBounds,
): Promise<KnownBadList> {
  const list: KnownBadList = {
    ...{ name, addresses: 0, networks: 0, domains: 0 },
    ...{ readAt: new Date().toISOString(), faults: [], faultyLines: 0 },
  };
  const note = (line: number, detail: string) => {
    list.faultyLines++;
    if (list.faults.length < mostFaults) list.faults.push({ line, detail });
  };
  try {
    const { size } = await stat(path);
    if (size > bounds.bytes) {
      note(0, `the file has ${size} bytes; at most ${bounds.bytes} are read, so none of it is`);
      return list;
    }
    await using file = await open(path);
    let number = 0;
    for await (const line of file.readLines()) {
      signal.throwIfAborted();
      number++;
      const parsed = parseListLine(line);
      if ('fault' in parsed) {
        note(number, parsed.fault);
        continue;
      }
      if (knownBad.size + parsed.entries.length > bounds.entries) {
        note(number, `all lists together have more than ${bounds.entries} entries: from here on this one is left out`);
        break;
      }
      for (const entry of parsed.entries) {
        knownBad.add(name, entry);
        list[counted[entry.kind]]++;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as { code?: string; message: string };
    note(0, `the file cannot be read: ${code ?? message}`);
  }
  return list;
}
