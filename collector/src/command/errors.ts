// What can come of a command short of a receipt.
import type { RefusalCode } from '@foretop/proto/trust';

/**
 * refused: by the host, or by the collector on its behalf; `refusal` says why. host-silent: no answer in time. offer-invalid:
 * the host answered with something else than an offer of what was asked. outcome-unknown: the command was sent, and no receipt
 * that is valid has come.
 */
export type CommandErrorCode =
  'refused' | 'host-not-live' | 'host-silent' | 'offer-invalid' | 'outcome-unknown' | 'too-many' | 'no-such-command';

export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly retryable: boolean;
  readonly refusal: RefusalCode | undefined;
  constructor(code: CommandErrorCode, message: string, more: { refusal?: RefusalCode; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'CommandError';
    this.code = code;
    this.retryable = code === 'too-many' || code === 'host-silent' || code === 'host-not-live';
    this.refusal = more.refusal;
  }
}
