// The spool as the agent runs it: a new epoch each time, and a word in the log about what is lost and what the disk does.
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { DataDirectory } from './data-directory.ts';
import { openSpool, type Spool } from './spool.ts';
import type { SpoolLoss } from './spool-index.ts';

export function openAgentSpool(
  directory: DataDirectory,
  maxBytes: number,
  log: Logger,
  onLoss: (loss: SpoolLoss) => void,
): Spool {
  const spool = openSpool({
    directory: directory.file('spool'),
    maxBytes,
    epoch: randomBytes(8),
    onLoss(loss) {
      const { why, batches, rows } = loss;
      log.warn({ event: 'spool-loss', why, batches, rows }, 'Batches were lost before the collector had them.');
      onLoss(loss);
    },
    onDisk: (error) => logDisk(log, error),
  });
  if (spool.cutBytes > 0)
    log.warn({ event: 'spool-cut', bytes: spool.cutBytes }, 'Cut a torn or damaged end off the spool.');
  return spool;
}

export function logDisk(log: Logger, error: Error | undefined): void {
  if (!error) return log.info({ event: 'disk-again' }, 'The data directory can be written again.');
  const advice = 'The agent goes on, holding a bounded number of batches in memory. Make room on the disk.';
  log.error(
    { event: 'disk-trouble', error: error.message },
    `The data directory cannot be written: ${error.message}. ${advice}`,
  );
}
