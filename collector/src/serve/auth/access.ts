// Who may come in and what that allows: opens sessions, exchanges login codes for them, tells from a request who sent it.
import type { TokenScope } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import { deleteSession, findSession, findToken, insertSession, takeLoginCode } from '../../store/queries/access.ts';
import type { Database, Role } from '../../store/schema.ts';
import { RequestError } from '../problem.ts';
import { createBackoff } from './backoff.ts';
import type { Caller, Callers, IncomingRequest } from './caller.ts';
import { credentialsOf } from './credentials.ts';
import { hashSecret, isPlausible, newSecret, sameHash, tokenPrefix } from './secrets.ts';

/** `cookieHash` or `tokenId` says by what they were let in, so that it can be withdrawn. */
export type Identity = {
  role: Role;
  /** The account's name, the token's, or `login link`. */
  name: string;
  /** null: a login link, or a token. */
  accountId: number | null;
  /** Only hosts with one of these; empty = all hosts. */
  hostLabels: readonly string[];
  /** A person has all of them. */
  scopes: readonly TokenScope[];
  /** Never a token. */
  canSign: boolean;
  expiresAt: Date | null;
} & ({ cookieHash: Buffer } | { tokenId: number });

export const allScopes: readonly TokenScope[] = ['read', 'export', 'command:request', 'admin'];

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };
const hasRole = (identity: Identity, role: Role): boolean => ranks[identity.role] >= ranks[role];

/** What a token of that role can be good for at most. */
export function scopesOf(role: Role): TokenScope[] {
  const needs: Record<TokenScope, Role> = {
    read: 'viewer',
    export: 'viewer',
    'command:request': 'operator',
    admin: 'admin',
  };
  return allScopes.filter((scope) => ranks[role] >= ranks[needs[scope]]);
}

/** Throws RequestError role-too-low. */
export function requireRole(identity: Identity, role: Role): void {
  if (hasRole(identity, role)) return;
  throw new RequestError('role-too-low', `This needs the role ${role}; you have ${identity.role}.`);
}

/** Viewing is bound by labels as acting is: a host outside is as if it were not there. */
export function sees({ hostLabels }: Identity, labelsOfHost: readonly string[]): boolean {
  return hostLabels.length === 0 || hostLabels.some((label) => labelsOfHost.includes(label));
}

/** Whether they may ask something of a host with these labels: operators, within what they see. */
export function mayActOn(identity: Identity, labelsOfHost: readonly string[]): boolean {
  return hasRole(identity, 'operator') && identity.scopes.includes('command:request') && sees(identity, labelsOfHost);
}

export const sessionLifeMs = 7 * 24 * 3_600_000;
/** Codes and secrets of 192 bits are not guessed; these bounds keep who tries from keeping the database busy. */
const codeRule = { free: 20, firstMs: 1_000, mostMs: 60_000, forgetMs: 10 * 60_000 };
const secretRule = { free: 300, firstMs: 1_000, mostMs: 10_000, forgetMs: 60_000 };

export interface NewSession {
  cookie: string;
  secret: string;
  role: Role;
  expiresAt: Date;
}

export interface Access {
  /** Throws RequestError login-refused or too-many-attempts. */
  exchangeCode(code: string, caller: Caller): Promise<NewSession>;
  /** `account` is undefined for a login link, which makes an administrator: whoever reads the data directory is one. */
  openSession(account: { accountId: number; role: Role } | undefined, caller: Caller): Promise<NewSession>;
  /** Throws RequestError not-signed-in or too-many-attempts. */
  identify(request: IncomingRequest): Promise<Identity>;
  signOut(identity: Identity): Promise<void>;
  counters(): Record<string, number>;
}

export interface AccessOptions {
  db: Kysely<Database>;
  callers: Callers;
  now?: () => number;
}

export function createAccess({ db, callers, now = Date.now }: AccessOptions): Access {
  const codes = createBackoff(codeRule, now);
  const secrets = createBackoff(secretRule, now);
  let codeFailures = 0;
  let secretFailures = 0;

  const identifyToken = async (token: string): Promise<Identity | undefined> => {
    if (!token.startsWith(tokenPrefix) || !isPlausible(token)) return undefined;
    const row = await findToken(db, hashSecret(token), new Date(now()));
    if (row === undefined) return undefined;
    const { role, scopes, expires_at: expiresAt, token_id: tokenId } = row;
    const name = row.name === '' ? `token ${tokenId}` : row.name;
    return {
      ...{ role, name, scopes, expiresAt, tokenId },
      accountId: null,
      hostLabels: row.host_labels ?? [],
      canSign: false,
    };
  };

  const identifySession = async (cookie: string, secret: string): Promise<Identity | undefined> => {
    if (!isPlausible(cookie) || !isPlausible(secret)) return undefined;
    const row = await findSession(db, hashSecret(cookie), new Date(now()));
    if (row === undefined || !sameHash(row.secret_hash, hashSecret(secret))) return undefined;
    return {
      role: row.role,
      name: row.account_name ?? 'login link',
      accountId: row.account_id,
      hostLabels: row.host_labels ?? [],
      scopes: allScopes,
      canSign: true,
      expiresAt: row.expires_at,
      cookieHash: row.cookie_hash,
    };
  };

  const openSession: Access['openSession'] = async (account, { network, userAgent }) => {
    const session: NewSession = {
      cookie: newSecret(),
      secret: newSecret(),
      role: account?.role ?? 'admin',
      expiresAt: new Date(now() + sessionLifeMs),
    };
    await insertSession(db, {
      cookie_hash: hashSecret(session.cookie),
      secret_hash: hashSecret(session.secret),
      role: session.role,
      expires_at: session.expiresAt,
      account_id: account?.accountId ?? null,
      network,
      user_agent: userAgent,
    });
    return session;
  };

  return {
    openSession,
    async exchangeCode(code, caller) {
      refuseWhenTired(codes.waitMs(caller.network));
      if (isPlausible(code) && (await takeLoginCode(db, hashSecret(code), new Date(now()))))
        return openSession(undefined, caller);
      codes.failed(caller.network);
      codeFailures += 1;
      throw new RequestError(
        'login-refused',
        'The login code is wrong, was used before, or is older than 10 minutes. Make a new link with: foretop login-link',
      );
    },
    async identify(request) {
      const given = credentialsOf(request.headers);
      if (given === undefined) throw notSignedIn('Neither a session nor a bearer token came with the request.');
      const { network } = callers.of(request);
      refuseWhenTired(secrets.waitMs(network));
      const identity = await ('token' in given
        ? identifyToken(given.token)
        : identifySession(given.cookie, given.secret));
      if (identity !== undefined) return identity;
      secrets.failed(network);
      secretFailures += 1;
      throw notSignedIn(
        'token' in given
          ? 'The bearer token is unknown, has expired, or was revoked. Make a new one with: foretop token create'
          : 'The session is unknown or has ended. Sign in again.',
      );
    },
    async signOut(identity) {
      if ('cookieHash' in identity) await deleteSession(db, identity.cookieHash);
    },
    counters: () => ({ code_failures_total: codeFailures, credential_failures_total: secretFailures }),
  };
}

/** Throws RequestError too-many-attempts. */
export function refuseWhenTired(waitMs: number, hint = ''): void {
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new RequestError('too-many-attempts', `Too many wrong attempts. Try again in ${seconds} s${hint}.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

function notSignedIn(detail: string): RequestError {
  return new RequestError('not-signed-in', detail, { headers: { 'www-authenticate': 'Bearer realm="Foretop"' } });
}
