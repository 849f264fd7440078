// Who may come in: exchanges login codes for sessions, and tells from a request's headers who sent it.
import type { IncomingHttpHeaders } from 'node:http';
import type { Kysely } from 'kysely';
import {
  deleteSession,
  findSession,
  findToken,
  insertLoginCode,
  insertSession,
  insertToken,
  takeLoginCode,
} from '../../store/queries/access.ts';
import type { Database, Role } from '../../store/schema.ts';
import { RequestError } from '../problem.ts';
import { createAttempts } from './attempts.ts';
import { hashSecret, isPlausible, newSecret, newToken, sameHash, tokenPrefix } from './secrets.ts';

export const cookieName = 'foretop_session';
export const secretHeader = 'x-foretop-session';
/** Subprotocol prefix under which a browser hands over the secret, since its WebSocket cannot set headers. */
export const secretProtocol = 'secret.';
const codeLifeMs = 10 * 60_000;
export const sessionLifeMs = 7 * 24 * 3_600_000;
const codeFailuresPerMinute = 20;
const requestFailuresPerMinute = 300;

/** Someone who was let in. `cookieHash` or `tokenId` says by what, so that it can be withdrawn. */
export type Identity = { role: Role; expiresAt: Date | null } & ({ cookieHash: Buffer } | { tokenId: number });

export interface NewSession {
  cookie: string;
  secret: string;
  role: Role;
  expiresAt: Date;
}

export interface Access {
  /** Throws RequestError login-refused or too-many-attempts. */
  exchangeCode(code: string): Promise<NewSession>;
  /** Throws RequestError not-signed-in or too-many-attempts. */
  identify(headers: IncomingHttpHeaders): Promise<Identity>;
  signOut(identity: Identity): Promise<void>;
  counters(): Record<string, number>;
}

export function createAccess(db: Kysely<Database>, now: () => number = Date.now): Access {
  const codeAttempts = createAttempts(codeFailuresPerMinute, now);
  const requestAttempts = createAttempts(requestFailuresPerMinute, now);

  const identifyToken = async (token: string): Promise<Identity | undefined> => {
    if (!token.startsWith(tokenPrefix) || !isPlausible(token)) return undefined;
    const row = await findToken(db, hashSecret(token), new Date(now()));
    return row && { role: row.role, expiresAt: row.expires_at, tokenId: row.token_id };
  };

  const identifySession = async (cookie: string, secret: string): Promise<Identity | undefined> => {
    if (!isPlausible(cookie) || !isPlausible(secret)) return undefined;
    const row = await findSession(db, hashSecret(cookie), new Date(now()));
    if (row === undefined || !sameHash(row.secret_hash, hashSecret(secret))) return undefined;
    return { role: row.role, expiresAt: row.expires_at, cookieHash: row.cookie_hash };
  };

  return {
    async exchangeCode(code) {
      refuseWhenTired(codeAttempts.waitSeconds());
      if (!isPlausible(code) || !(await takeLoginCode(db, hashSecret(code), new Date(now())))) {
        codeAttempts.failed();
        throw new RequestError(
          'login-refused',
          'The login code is wrong, was used before, or is older than 10 minutes. Make a new link with: foretop login-link',
        );
      }
      // A login code is made by whoever may read the data directory: that is the administrator.
      const session: NewSession = {
        cookie: newSecret(),
        secret: newSecret(),
        role: 'admin',
        expiresAt: new Date(now() + sessionLifeMs),
      };
      await insertSession(db, {
        cookie_hash: hashSecret(session.cookie),
        secret_hash: hashSecret(session.secret),
        role: session.role,
        expires_at: session.expiresAt,
      });
      return session;
    },
    async identify(headers) {
      const given = credentials(headers);
      if (given === undefined) throw notSignedIn('Neither a session nor a bearer token came with the request.');
      refuseWhenTired(requestAttempts.waitSeconds());
      const identity = await ('token' in given
        ? identifyToken(given.token)
        : identifySession(given.cookie, given.secret));
      if (identity !== undefined) return identity;
      requestAttempts.failed();
      throw notSignedIn(
        'token' in given
          ? 'The bearer token is unknown, has expired, or was revoked. Make a new one with: foretop token create'
          : 'The session is unknown or has ended. Open a new login link: foretop login-link',
      );
    },
    async signOut(identity) {
      if ('cookieHash' in identity) await deleteSession(db, identity.cookieHash);
    },
    counters: () => ({
      code_failures_total: codeAttempts.failures,
      credential_failures_total: requestAttempts.failures,
    }),
  };
}

/** Makes a login link's code, good once within 10 minutes. */
export async function createLoginCode(db: Kysely<Database>, now = Date.now()): Promise<string> {
  const code = newSecret();
  await insertLoginCode(db, hashSecret(code), new Date(now + codeLifeMs));
  return code;
}

/** Of the public address where there is one, else of localhost. */
export function loginLink(port: number, code: string, publicUrl?: string): string {
  return `${publicUrl ?? `http://localhost${port === 80 ? '' : `:${port}`}`}/#login=${code}`;
}

/** The token's text is shown once and never kept. */
export async function createApiToken(
  db: Kysely<Database>,
  wanted: { name: string; role: Role; expiresAt: Date | null },
): Promise<{ tokenId: number; token: string }> {
  const token = newToken();
  const row = await insertToken(db, {
    token_hash: hashSecret(token),
    name: wanted.name,
    role: wanted.role,
    expires_at: wanted.expiresAt,
  });
  return { tokenId: row.token_id, token };
}

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Throws RequestError role-too-low. */
export function requireRole(identity: Identity, role: Role): void {
  if (ranks[identity.role] >= ranks[role]) return;
  throw new RequestError('role-too-low', `This needs the role ${role}; you have ${identity.role}.`);
}

type Credentials = { token: string } | { cookie: string; secret: string };

/** A session is both halves: the cookie alone is sent along by any page on any port of localhost. */
function credentials(headers: IncomingHttpHeaders): Credentials | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { token: bearer };
  const cookie = cookieValue(headers.cookie ?? '');
  const secret = headerSecret(headers);
  return cookie !== undefined && secret !== undefined ? { cookie, secret } : undefined;
}

function headerSecret(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[secretHeader];
  if (typeof header === 'string') return header;
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return protocols.find((name) => name.startsWith(secretProtocol))?.slice(secretProtocol.length);
}

function cookieValue(header: string): string | undefined {
  const pair = header
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`));
  return pair?.slice(cookieName.length + 1);
}

function refuseWhenTired(waitSeconds: number): void {
  if (waitSeconds === 0) return;
  throw new RequestError('too-many-attempts', `Too many wrong attempts. Try again in ${waitSeconds} s.`, {
    headers: { 'retry-after': String(waitSeconds) },
  });
}

function notSignedIn(detail: string): RequestError {
  return new RequestError('not-signed-in', detail, { headers: { 'www-authenticate': 'Bearer realm="Foretop"' } });
}
