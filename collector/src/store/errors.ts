// What can go wrong with the database in ways that a person, or a later try, can mend.

export type StoreErrorCode =
  | 'data-directory-in-use'
  | 'data-directory-unusable'
  | 'database-unreachable'
  | 'database-too-old'
  | 'database-rights'
  | 'disk-full'
  | 'embedded-unavailable'
  | 'embedded-failed'
  | 'migration-failed'
  | 'wrong-major-version';

const retryableCodes: ReadonlySet<StoreErrorCode> = new Set([
  'database-unreachable',
  'disk-full',
  'data-directory-in-use',
]);

/** The message says what was tried, what was found, and what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
    this.retryable = retryableCodes.has(code);
  }
}
