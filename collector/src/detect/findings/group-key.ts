// What makes findings on several hosts one: the same detector saw the same scanner, destination or program.
import { createHash } from 'node:crypto';

/** 32 hex digits. */
export function groupKey(detector: string, key: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([detector, ...key]))
    .digest('hex')
    .slice(0, 32);
}
