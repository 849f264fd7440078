// The collector's clock minus this host's boottime, learnt from what the collector says, and remembered for each boot.
import { readFileSync } from 'node:fs';
import { replaceFile } from './data-directory.ts';

export interface ClockOffset {
  /** Best estimate for the running boot; undefined = never learnt. */
  currentUs(): number | undefined;
  /** Last known for any boot that is remembered. */
  ofBootUs(bootId: Uint8Array): number | undefined;
  /** The collector's clock read `collectorUs` shortly before `receivedUs` (boottime). */
  learn(collectorUs: number, receivedUs: number): void;
}

/** Estimates held: with an acknowledgement every 5 s some 80 s, in which quartz drifts apart by milliseconds. */
const samples = 16;
const bootsMax = 8;
/** The file is written again only when the offset moved by more. */
const worthWritingUs = 50_000;

/**
 * A message takes a while, so each estimate (collectorUs - receivedUs) is too low by its delay: the highest of the last
 * ones had the least delay.
 */
export function openClockOffset(path: string, bootId: Uint8Array, onWriteError: (error: Error) => void): ClockOffset {
  const boot = key(bootId);
  const remembered = read(path);
  let recent: number[] = [];

  function remember(offsetUs: number): void {
    const written = remembered.get(boot);
    if (written !== undefined && Math.abs(written - offsetUs) < worthWritingUs) return;
    remembered.delete(boot);
    remembered.set(boot, offsetUs);
    for (const oldest of [...remembered.keys()].slice(0, -bootsMax)) remembered.delete(oldest);
    try {
      replaceFile(path, JSON.stringify(Object.fromEntries(remembered)));
    } catch (error) {
      onWriteError(error as Error);
    }
  }

  return {
    currentUs: () => (recent.length > 0 ? Math.max(...recent) : remembered.get(boot)),
    ofBootUs: (id) => remembered.get(key(id)),
    learn(collectorUs, receivedUs) {
      if (!Number.isSafeInteger(collectorUs) || collectorUs <= 0) return;
      recent = [...recent, Math.round(collectorUs - receivedUs)].slice(-samples);
      remember(Math.max(...recent));
    },
  };
}

const key = (bootId: Uint8Array) => Buffer.from(bootId).toString('hex');

/** What cannot be read is forgotten: the next Welcome teaches it again. */
function read(path: string): Map<string, number> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>);
    return new Map(
      entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])).slice(-bootsMax),
    );
  } catch {
    return new Map();
  }
}
