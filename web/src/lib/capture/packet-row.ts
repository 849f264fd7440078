// A line of the list of packets, as the thread that decodes them gives it.
import type { DecodedLayer } from '@foretop/proto/capture';

export interface PacketRow {
  /** 1, 2, 3 … within what its host captured. */
  number: number;
  hostId: number;
  host: string;
  interface: string;
  /** Milliseconds since the Unix epoch by the host's clock; microseconds are its fraction. */
  atMs: number;
  source: string;
  destination: string;
  /** 0 = it has none. */
  sourcePort: number;
  destinationPort: number;
  protocol: string;
  /** On the wire, bytes. */
  length: number;
  info: string;
}

/** What the thread is asked. */
export type PacketRequest =
  | {
      kind: 'open';
      requestId: string;
      hostId: number;
      host: string;
      key: { privateKey: CryptoKey; publicKey: string } | null;
    }
  | { kind: 'bytes'; requestId: string; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'detail'; requestId: string; id: number; number: number };

/** What became of the stream with these bytes. */
export interface PacketsRead {
  kind: 'rows';
  id: number;
  rows: PacketRow[];
  /** The seal's last record, or the counts at the end of a capture in the clear, are there. */
  isWhole: boolean;
  /** Lost before they could be kept, as the capture says at its end. */
  dropped: number;
  /** Why nothing more can be read of it; empty = it can. */
  fault: string;
}

export type PacketAnswer = PacketsRead | ({ kind: 'detail'; id: number } & PacketDetail) | { kind: 'none'; id: number };

export interface PacketDetail {
  bytes: Uint8Array;
  original: number;
  layers: DecodedLayer[];
}
