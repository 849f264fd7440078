// What keeps a command on the operator's machine from being done, in words for the person.

export class CliError extends Error {
  /** `usage`: what was given; `refused`: what the server or a host said; `unreachable`: nobody answered. */
  readonly code: 'usage' | 'refused' | 'unreachable';
  readonly retryable: boolean;
  constructor(code: CliError['code'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'CliError';
    this.code = code;
    this.retryable = code === 'unreachable';
  }
}
