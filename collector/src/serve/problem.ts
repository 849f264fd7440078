// Expected failures of the HTTP interface as problem documents (RFC 9457).
import type { Problem } from '@foretop/proto/api';

const problems = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'not-signed-in': { status: 401, title: 'Not signed in' },
  'login-refused': { status: 401, title: 'Signing in was refused' },
  'role-too-low': { status: 403, title: 'Your role does not allow this' },
  'scope-missing': { status: 403, title: 'The token is not made for this' },
  'person-needed': { status: 403, title: 'No token may do this' },
  'password-refused': { status: 403, title: 'The password was refused' },
  'proxy-bypassed': { status: 403, title: 'This server is reached through its proxy' },
  'origin-refused': { status: 403, title: 'Requests from this origin are refused' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'It would contradict what is there' },
  'owner-offline': { status: 409, title: 'The owner key is elsewhere' },
  'host-not-live': { status: 409, title: 'The host is not live' },
  'command-refused': { status: 409, title: 'The command was refused' },
  'page-expired': { status: 410, title: 'The page has expired' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'host-header-refused': { status: 421, title: 'The request is for another server' },
  'too-many-attempts': { status: 429, title: 'Too many failed attempts' },
  'too-many-commands': { status: 429, title: 'Too many commands' },
  internal: { status: 500, title: 'The collector failed' },
  'host-misbehaved': { status: 502, title: 'The host answered with something else' },
  unavailable: { status: 503, title: 'Not available at the moment' },
  'host-silent': { status: 504, title: 'The host did not answer' },
  'outcome-unknown': { status: 504, title: 'What came of the command is not known' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;
export type ParameterFault = { parameter: string; detail: string };

/** Thrown by routes; becomes the answer. */
export class RequestError extends Error {
  readonly code: ProblemCode;
  readonly retryable: boolean;
  readonly errors: ParameterFault[];
  readonly headers: Readonly<Record<string, string>>;
  /** Why a host refused. */
  readonly refusal: string | undefined;
  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: ParameterFault[]; headers?: Record<string, string>; refusal?: string; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'RequestError';
    this.code = code;
    this.retryable = problems[code].status === 429 || problems[code].status === 503;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
    this.refusal = more.refusal;
  }

  get status(): number {
    return problems[this.code].status;
  }

  document(): Problem {
    const { status, title } = problems[this.code];
    const document: Problem = { type: `urn:foretop:problem:${this.code}`, title, status, detail: this.message };
    if (this.refusal !== undefined) document.refusal = this.refusal;
    return this.errors.length > 0 ? { ...document, errors: this.errors } : document;
  }
}

export function noSuchHost(id: number | string): RequestError {
  return new RequestError('not-found', `There is no host ${JSON.stringify(id)}.`);
}

export const problemType = 'application/problem+json';

export function problemResponse(error: RequestError): Response {
  return new Response(JSON.stringify(error.document()), {
    status: error.status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', ...error.headers },
  });
}
