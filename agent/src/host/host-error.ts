// Expected failures of reading a host, with a code that callers can act on.

export type HostErrorCode =
  | 'libc-missing'
  | 'system-call'
  | 'netlink-refused'
  | 'netlink-timeout'
  | 'dump-interrupted'
  | 'malformed'
  | 'unreadable'
  | 'command-missing'
  | 'command-timeout'
  | 'command-output'
  | 'command-failed'
  | 'engine-unavailable';

export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  readonly retryable: boolean;
  /** Symbolic errno such as EPERM, when the kernel gave one. */
  readonly errno: string | undefined;

  constructor(code: HostErrorCode, message: string, options: { retryable: boolean; errno?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.errno = options.errno;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
