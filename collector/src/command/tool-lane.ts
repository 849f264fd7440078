// What the control lane hands to whoever relays tools, and what that one is told.
import type { Logger } from 'pino';
import type { Store } from '../store/database.ts';
import type { Exchange } from './exchange.ts';
import type { ControlLink } from './link.ts';
import type { Strays } from './strays.ts';

export interface ToolLane extends AsyncDisposable {
  /** A receipt that nobody waits for any more. */
  late(link: ControlLink, wireId: string, receipt: string): Promise<void>;
  /** A host is here again. */
  connected(link: ControlLink): Promise<void>;
  counters(): Record<string, number>;
}

export interface ToolLaneParts {
  store: Pick<Store, 'db'>;
  exchange: Exchange;
  linkOf: (hostId: number) => ControlLink | undefined;
  strays: Strays;
  /** Thumbprint of this collector's key: what it had under way when it ended is marked lost at its next start. */
  keyThumbprint: string;
  log: Logger;
  /** Something about this host was recorded. */
  onRecorded: (hostId: number) => void;
  /** Instead of each tool's own time. */
  receiptTimeoutMs: number | undefined;
  /** Unix milliseconds. */
  now: () => number;
  /** Monotonic milliseconds. */
  monotonic: () => number;
}
