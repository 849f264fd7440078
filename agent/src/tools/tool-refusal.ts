// A look that this host does not take, and why.
import type { RefusalCode } from '@foretop/proto/trust';

export type ToolRefusalCode = Extract<RefusalCode, 'target-refused' | 'no-such-target' | 'not-supported' | 'malformed'>;

export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
  readonly code: ToolRefusalCode;
  readonly retryable = false;

  /** `detail`: a sentence for the person who asked. */
  constructor(code: ToolRefusalCode, detail: string, options: { cause?: unknown } = {}) {
    super(detail, options);
    this.code = code;
  }
}
