// Failures of the agent that a person can mend: each says what was done, what was found and what to do.

export type AgentErrorCode =
  'data-directory' | 'data-in-use' | 'identity' | 'not-enrolled' | 'token-malformed' | 'other-collector';

export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly retryable = false;
  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
