// Expected failures of the HTTP interface as problem documents (RFC 9457).
import type { Problem } from '@foretop/proto/api';

const problems = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'not-signed-in': { status: 401, title: 'Not signed in' },
  'login-refused': { status: 401, title: 'The login code was refused' },
  'role-too-low': { status: 403, title: 'Your role does not allow this' },
  'origin-refused': { status: 403, title: 'Requests from this origin are refused' },
  'not-found': { status: 404, title: 'Not found' },
  'host-not-live': { status: 409, title: 'The host is not live' },
  'page-expired': { status: 410, title: 'The page has expired' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'host-header-refused': { status: 421, title: 'The request is for another server' },
  'too-many-attempts': { status: 429, title: 'Too many failed attempts' },
  internal: { status: 500, title: 'The collector failed' },
  unavailable: { status: 503, title: 'Not available at the moment' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;
export type ParameterFault = { parameter: string; detail: string };

/** Thrown by routes; becomes the answer. */
export class RequestError extends Error {
  readonly code: ProblemCode;
  readonly retryable: boolean;
  readonly errors: ParameterFault[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: ParameterFault[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'RequestError';
    this.code = code;
    this.retryable = problems[code].status === 429 || problems[code].status === 503;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }

  get status(): number {
    return problems[this.code].status;
  }

  document(): Problem {
    const { status, title } = problems[this.code];
    const document: Problem = { type: `urn:foretop:problem:${this.code}`, title, status, detail: this.message };
    return this.errors.length > 0 ? { ...document, errors: this.errors } : document;
  }
}

export const problemType = 'application/problem+json';

export function problemResponse(error: RequestError): Response {
  return new Response(JSON.stringify(error.document()), {
    status: error.status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', ...error.headers },
  });
}
