// What can go wrong with the collector's own keys, in words for the person who has to act.

export type TrustErrorCode =
  /** A key file is missing, not private, or no key. */
  | 'key-file'
  /** The passphrase is wrong. */
  | 'passphrase'
  /** The owner key is not here. */
  | 'owner-offline'
  /** A recovery key that hosts have not pinned. */
  | 'recovery-refused'
  /** A roster that hosts would not take. */
  | 'roster-refused';

export class TrustError extends Error {
  readonly code: TrustErrorCode;
  readonly retryable = false;
  constructor(code: TrustErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'TrustError';
    this.code = code;
  }
}
