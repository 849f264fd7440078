// Before any route: whether who asks may use it at all, by role, by a token's scope, and as a person. Refused changes are noted.
import type { TokenScope } from '@foretop/proto/api';
import type { Logger } from 'pino';
import type { Audit } from '../audit.ts';
import { wantedFormat } from '../export/export.ts';
import { type Operation, routeOf } from '../openapi/operation.ts';
import { RequestError } from '../problem.ts';
import { type Identity, requireRole } from './access.ts';
import { createBackoff } from './backoff.ts';

/** Somebody who tries on and on fills no table. */
const noteRule = { free: 30, firstMs: 60_000, mostMs: 60_000, forgetMs: 60_000 };

export interface GuardedRequest {
  method: string;
  /** Below /api/v1. */
  path: string;
  query: URLSearchParams;
  accept: string | undefined;
}

/** Throws RequestError role-too-low, scope-missing or person-needed; not-found for what no operation describes. */
export type Guard = (identity: Identity, request: GuardedRequest) => Promise<Operation>;

export function createGuard(options: {
  operations: readonly Operation[];
  audit: Audit;
  log: Logger;
  now?: () => number;
}): Guard {
  const { audit, log, now = Date.now } = options;
  const notes = createBackoff(noteRule, now);
  // What is written out goes before what a parameter stands for, as with the router.
  const known = options.operations
    .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)
    .map((operation) => ({
      operation,
      pattern: new RegExp(`^${routeOf(operation).replace(/:\w+/g, '[^/]+')}$`),
    }));
  const find = ({ method, path }: GuardedRequest) => {
    const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
    return known.find(({ operation, pattern }) => operation.method === asked && pattern.test(path))?.operation;
  };

  return async (identity, request) => {
    const operation = find(request);
    if (operation === undefined || operation.role === 'nobody')
      throw new RequestError('not-found', `There is no ${request.method} /api/v1${request.path}.`);
    try {
      requireRole(identity, operation.role);
      if ('tokenId' in identity) requireToken(identity, operation, request);
    } catch (error) {
      if (operation.method !== 'get') await note(identity, operation, error as RequestError);
      throw error;
    }
    return operation;
  };

  async function note(identity: Identity, operation: Operation, error: RequestError): Promise<void> {
    const action = operation.audit ?? 'request';
    const detail = { method: operation.method, path: operation.path, reason: error.code };
    log.warn({ event: 'request-refused', by: identity.name, ...detail });
    const who = 'tokenId' in identity ? `token ${identity.tokenId}` : identity.cookieHash.toString('hex');
    if (notes.waitMs(who) > 0) return;
    notes.failed(who);
    await audit(identity, action, detail, 'refused');
  }
}

function requireToken(identity: Identity, operation: Operation, request: GuardedRequest): void {
  if (operation.person) {
    throw new RequestError(
      'person-needed',
      'Accounts, tokens and keys are changed by people who are signed in, never by a token. Use the dashboard.',
    );
  }
  for (const scope of neededScopes(operation, request)) {
    if (identity.scopes.includes(scope)) continue;
    const has = identity.scopes.join(', ') || 'none';
    throw new RequestError('scope-missing', `This needs a token with the scope ${scope}; this one has ${has}.`);
  }
}

function neededScopes(operation: Operation, { query, accept }: GuardedRequest): TokenScope[] {
  const { method, role, scope, exports } = operation;
  const needed: TokenScope = scope ?? (method === 'get' ? 'read' : role === 'admin' ? 'admin' : 'command:request');
  if (!exports) return [needed];
  const format = query.get('format');
  const file = format !== null ? format !== 'json' : wantedFormat(undefined, accept, true) !== undefined;
  return file ? [needed, 'export'] : [needed];
}
