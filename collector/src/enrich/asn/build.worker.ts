// A thread that makes the database of autonomous systems out of its CSV files, so that nothing else waits meanwhile.
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parentPort, workerData } from 'node:worker_threads';
import { networksOf, parseAsnLine } from './csv.ts';
import { createMmdbWriter, type MmdbWriter } from './mmdb-writer.ts';

export interface AsnBuild {
  ipv4: string;
  ipv6: string;
  /** Where it goes: beside it first, then in one step. */
  target: string;
  /** Unix seconds. */
  builtAt: number;
}

export interface AsnBuilt {
  ranges: number;
  faultyLines: number;
  bytes: number;
}

async function build({ ipv4, ipv6, target, builtAt }: AsnBuild): Promise<AsnBuilt> {
  const writer = createMmdbWriter();
  const first = await add(writer, ipv4, 4);
  const second = await add(writer, ipv6, 6);
  const ranges = first.ranges + second.ranges;
  if (ranges === 0) throw new Error('the files hold no line that could be read');
  const database = writer.finish('Foretop-ASN', 'RouteViews, DB-IP and NRO, CC BY 4.0', builtAt);
  const unfinished = `${target}.${process.pid}.tmp`;
  try {
    await using file = await open(unfinished, 'w', 0o644);
    await file.writeFile(database);
    await file.sync();
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return { ranges, faultyLines: first.faultyLines + second.faultyLines, bytes: database.length };
}

async function add(writer: MmdbWriter, path: string, family: 4 | 6): Promise<{ ranges: number; faultyLines: number }> {
  const bits = family === 4 ? 32 : 128;
  const counts = { ranges: 0, faultyLines: 0 };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const range = parseAsnLine(line);
    if (range === undefined || range.last >> BigInt(bits) !== 0n) {
      counts.faultyLines++;
      continue;
    }
    counts.ranges++;
    const record = {
      autonomous_system_number: range.asn,
      autonomous_system_organization: range.organisation.slice(0, 200).toWellFormed(),
    };
    for (const { address, prefix } of networksOf(range.first, range.last, bits)) {
      writer.insert(address, prefix, family, record);
    }
  }
  return counts;
}

parentPort?.postMessage(await build(workerData as AsnBuild), []);
