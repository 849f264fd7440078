// A refusal on its way to whoever asked: the code that programs test, and a sentence for the person.
import { refusals, type RefusalCode } from '@foretop/proto/trust';

/** Expected: somebody asked for what this host does not do. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly retryable = false;

  /** `detail` says what was found, beyond what the code says anyway. */
  constructor(code: RefusalCode, detail = '', options: { cause?: unknown } = {}) {
    super(detail === '' ? refusals[code] : `${refusals[code]} ${detail}`, options);
    this.code = code;
  }
}
