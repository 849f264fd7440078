// Requests to the collector's REST API: the session secret goes along, failures become ApiError.
import type { Problem } from '@foretop/proto/api';

const secretKey = 'foretop.session';

/** `unreachable`: no answer at all. `signed-out`: the session is not or no longer valid. */
export class ApiError extends Error {
  readonly code: 'unreachable' | 'signed-out' | 'not-found' | 'refused' | 'failed';
  readonly retryable: boolean;
  /** What the collector said in full, where it said anything. */
  readonly problem: Problem | undefined;
  constructor(code: ApiError['code'], message: string, options?: ErrorOptions & { problem?: Problem | undefined }) {
    super(message, options);
    this.code = code;
    this.problem = options?.problem;
    this.retryable = code === 'unreachable' || code === 'failed';
  }
}

export const sessionSecret = (): string | null => localStorage.getItem(secretKey);

export function keepSecret(secret: string | null): void {
  if (secret === null) localStorage.removeItem(secretKey);
  else localStorage.setItem(secretKey, secret);
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** The JSON answer to a request under /api/v1; undefined when the answer is empty. */
export async function request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await respond(path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** The answer as it came, when it is none of a failure. */
export async function respond(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers({ accept: 'application/json', ...options.headers });
  const secret = sessionSecret();
  if (secret) headers.set('x-foretop-session', secret);
  if (options.body !== undefined) headers.set('content-type', 'application/json');
  const init: RequestInit = { method: options.method ?? 'GET', headers, credentials: 'same-origin' };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch (cause) {
    throw new ApiError('unreachable', 'The collector did not answer.', { cause });
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
  const message = problem?.detail ?? problem?.title ?? `The collector answered ${response.status}.`;
  if (response.status === 401) return new ApiError('signed-out', message, { problem });
  if (response.status === 404) return new ApiError('not-found', message, { problem });
  return new ApiError(response.status < 500 ? 'refused' : 'failed', message, { problem });
}
