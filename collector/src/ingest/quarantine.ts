// Batches that could not be stored, set aside as files for a person to look at; bounded, the oldest go first.
import { mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { IncomingBatch } from './batch.ts';

export const defaultQuarantineBytes = 64 << 20;

export interface Quarantine {
  /** Never throws: when the disk refuses, the batch is named in the log and in the gap ledger all the same. */
  keep(batch: IncomingBatch, reason: string): Promise<void>;
  /** Files that went to make room, since the start. */
  readonly evictedFiles: number;
}

export function openQuarantine(dir: string, log: Logger, maxBytes = defaultQuarantineBytes): Quarantine {
  let evictedFiles = 0;
  return {
    get evictedFiles() {
      return evictedFiles;
    },
    async keep(batch, reason) {
      const epoch = Buffer.from(batch.epoch).toString('hex');
      const name = `${batch.hostId}-${epoch}-${batch.sequence}`;
      log.error({ event: 'batch-quarantined', hostId: batch.hostId, epoch, sequence: batch.sequence, reason, dir });
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        const evicted = await makeRoom(dir, maxBytes - batch.payload.length);
        evictedFiles += evicted;
        await writeFile(join(dir, `${name}.zst`), batch.payload, { mode: 0o600 });
        const { payloadBytes, previousSequence, offsetUs, receivedUs } = batch;
        const facts = { reason, payloadBytes, previousSequence, offsetUs, receivedUs };
        await writeFile(join(dir, `${name}.json`), `${JSON.stringify(facts)}\n`, { mode: 0o600 });
      } catch (error) {
        log.warn({ event: 'quarantine-not-written', name, error: String(error) });
      }
    },
  };
}

/** @returns how many files went. */
async function makeRoom(dir: string, maxBytes: number): Promise<number> {
  const files = await Promise.all(
    (await readdir(dir)).map(async (name) => {
      const { size, mtimeMs } = await stat(join(dir, name));
      return { path: join(dir, name), size, mtimeMs };
    }),
  );
  files.sort((a, b) => a.mtimeMs - b.mtimeMs);
  let bytes = files.reduce((sum, file) => sum + file.size, 0);
  let evicted = 0;
  for (const { path, size } of files) {
    if (bytes <= maxBytes) break;
    await unlink(path);
    bytes -= size;
    evicted++;
  }
  return evicted;
}
