// What a replay was given, files and folders, as one timeline.
import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatOf, type InputFormat, recordsOf, startOf } from './input-file.ts';
import { newReading, type Reading, type ReplayRecord, UnreadableInput } from './record.ts';

export interface Input {
  path: string;
  format: InputFormat;
  /** Unix epoch, of its first records. */
  startUs: number;
  reading: Reading;
}

const maxFiles = 100_000;
const maxDepth = 8;

/**
 * Looks into every file, and at all of a folder.
 * @throws UnreadableInput for a named file that cannot be read or is nothing that can be replayed, and for a folder without any that is.
 */
export async function findInputs(paths: readonly string[]): Promise<{ inputs: Input[]; passedOver: string[] }> {
  const inputs: Input[] = [];
  const passedOver: string[] = [];
  for (const path of paths) {
    const found = await statOf(path);
    if (found.isFile()) {
      const format = await formatOf(path);
      if (format === undefined) throw new UnreadableInput(path, notKnown);
      inputs.push(await inputOf(path, format));
      continue;
    }
    if (!found.isDirectory()) throw new UnreadableInput(path, 'It is neither a file nor a folder.');
    const before = inputs.length;
    for (const file of await filesOf(path, 0)) {
      const format = await formatOf(file).catch(() => undefined);
      if (format === undefined) passedOver.push(file);
      else inputs.push(await inputOf(file, format));
    }
    if (inputs.length === before)
      throw new UnreadableInput(path, 'The folder has no capture and no log that is known.');
  }
  return { inputs, passedOver };
}

const notKnown =
  'It is neither a capture (pcap, pcapng) nor a log that is known: of Zeek (with its header, or JSON lines), or flows of Argus (CSV with a line of column names).';

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw new UnreadableInput(path, `It cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

async function inputOf(path: string, format: InputFormat): Promise<Input> {
  return { path, format, startUs: await startOf(path, format), reading: newReading() };
}

async function filesOf(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.toSorted(byName)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth < maxDepth) files.push(...(await filesOf(path, depth + 1)));
    if (files.length > maxFiles) throw new UnreadableInput(folder, `It holds more than ${maxFiles} files.`);
  }
  return files;
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

interface Open {
  records: AsyncGenerator<readonly ReplayRecord[]>;
  batch: readonly ReplayRecord[];
  at: number;
}

const batchRecords = 1_024;

/** The records of all inputs in the order of their time. A file is open only while its time lasts. */
export async function* merged(inputs: readonly Input[]): AsyncGenerator<ReplayRecord[]> {
  const waiting = inputs.toSorted((a, b) => a.startUs - b.startUs);
  const open: Open[] = [];
  let batch: ReplayRecord[] = [];
  for (;;) {
    let next = earliest(open);
    while (waiting.length > 0 && (next === undefined || waiting[0]!.startUs <= timeOf(next))) {
      const input = waiting.shift()!;
      const opened = { records: recordsOf(input.path, input.format, prefixOf(input, inputs), input.reading) };
      await more({ ...opened, batch: [], at: 0 }, open);
      next = earliest(open);
    }
    if (next === undefined) break;
    batch.push(next.batch[next.at++]!);
    if (next.at >= next.batch.length) {
      open.splice(open.indexOf(next), 1);
      await more(next, open);
    }
    if (batch.length >= batchRecords) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Reads on, and puts it among the open ones unless it has ended. */
async function more(one: Open, open: Open[]): Promise<void> {
  for (let next = await one.records.next(); !next.done; next = await one.records.next()) {
    if (next.value.length === 0) continue;
    one.batch = next.value;
    one.at = 0;
    open.push(one);
    return;
  }
}

const timeOf = ({ batch, at }: Open): number => batch[at]!.atUs;

function earliest(open: readonly Open[]): Open | undefined {
  let first: Open | undefined;
  for (const one of open) if (first === undefined || timeOf(one) < timeOf(first)) first = one;
  return first;
}

/** Makes the ids of flows different between files. */
function prefixOf(input: Input, inputs: readonly Input[]): string {
  return inputs.length === 1 ? '' : `${inputs.indexOf(input) + 1}.`;
}
