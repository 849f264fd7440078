// A failure of installing, removing or asking the service, in words for the person at the terminal.
export class ServiceError extends Error {
  readonly code = 'service';
  readonly retryable = false;
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ServiceError';
  }
}
