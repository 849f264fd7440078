// What senders get, and what they answer.
import type { ClaimedMessage } from '../store/queries/notification-messages.ts';
import type { Content } from './content.ts';

/** What becomes of an attempt when the collector stops: it is made again after the next start. */
export const brokenOff = 'broken off, since the collector stopped';

export interface Delivery {
  ok: boolean;
  /** Another attempt would end alike. */
  permanent?: boolean;
  /** The receiver asked for so long. */
  retryAfterMs?: number | undefined;
  /** What the receiver said, or what went wrong. Holds no secret. */
  detail: string;
  /** Exactly what was sent, without secrets; null = nothing. */
  sent: string | null;
}

/** A message as senders get it. */
export interface Outgoing extends ClaimedMessage {
  content: Content;
}

/** Who sends. */
export interface Sender {
  collectorId: string;
  /** An origin. */
  dashboard: string;
  version: string;
  hostname: string;
  /** Breaks off what is under way. */
  signal: AbortSignal;
}
