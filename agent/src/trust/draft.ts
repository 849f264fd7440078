// What an offer is made of before it is signed, and what making one needs to know.
import type { OfferedAction, OfferPreview } from '@foretop/proto/trust';
import type { TargetHost } from '../host/targets.ts';
import type { HeldTarget } from './offers.ts';

/** The host name of a connection's far end; empty = not known. */
export type NameOf = (remote: { pid: number; address: string; port: number }) => string;

export interface OfferContext {
  host: TargetHost;
  /** Processes of the agent. */
  own: ReadonlySet<number>;
  /** The collector's clock minus boottime; undefined = not known. */
  collectorOffsetUs: number | undefined;
  nameOf: NameOf;
  /** Whether the host's file lets command lines be told. */
  tellsCommandLines: boolean;
}

export interface Draft {
  action: OfferedAction;
  preview: OfferPreview;
  target: HeldTarget;
}

export function remoteText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
