// Why a statement is not taken.
import type { RefusalCode } from './refusals.ts';

/** Codes of RefusalCode, so that a host can answer with them as they are. */
export type StatementErrorCode = Extract<RefusalCode, 'malformed' | 'signature-invalid'>;

/** `malformed`: it is not the statement that it should be. `signature-invalid`: it is not of whom it should be. */
export class StatementError extends Error {
  readonly code: StatementErrorCode;
  readonly retryable = false;
  constructor(code: StatementErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StatementError';
    this.code = code;
  }
}

export const malformed = (message: string, cause?: unknown) => new StatementError('malformed', message, { cause });
export const invalid = (message: string, cause?: unknown) =>
  new StatementError('signature-invalid', message, { cause });
