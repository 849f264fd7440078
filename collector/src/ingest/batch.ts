// A sealed batch on its way into the store, and what became of it.

export interface IncomingBatch {
  hostId: number;
  /** 8 random bytes, new with each start of the agent. */
  epoch: Uint8Array;
  sequence: number;
  /** The batch before it in the agent's spool: sequence - 1, or lower when the spool dropped some. */
  previousSequence: number;
  /** zstd of a BatchBody. */
  payload: Uint8Array;
  /** Size of the BatchBody. */
  payloadBytes: number;
  /** The boot that the body's times count from. */
  bootId: Uint8Array;
  /** Collector's Unix time minus boottime of that boot. */
  offsetUs: number;
  receivedUs: number;
  /** How far the host's wall clock is ahead of the collector's; undefined = not told. */
  skewUs?: number | undefined;
}

/** All but 'sequence-gap' are acknowledged. */
export type IngestResult = 'committed' | 'duplicate' | 'quarantined' | 'sequence-gap';

/** The batch was not taken; the agent keeps it in its spool and sends it again. */
export class IngestError extends Error {
  readonly code: 'stopping' | 'overloaded';
  readonly retryable = true;
  constructor(code: 'stopping' | 'overloaded', message: string) {
    super(message);
    this.name = 'IngestError';
    this.code = code;
  }
}
