// Who is signed in: a one-use login code, or name and password, becomes a session, kept for the next visit.
import type { OpenedSession, SessionInfo } from '@foretop/proto/api';
import { ApiError, keepSecret, request, type RequestOptions, sessionSecret } from './client.ts';

type SignedIn = { state: 'signed-in' } & Omit<SessionInfo, 'kind'>;

export type Session =
  { state: 'checking' } | SignedIn | { state: 'signed-out'; reason: string | undefined } | { state: 'unreachable' };

let current = $state.raw<Session>({ state: 'checking' });
let generation = $state(0);
/** While one session takes the place of another, the end of the old one is no end. */
let renewing = false;

export const session = {
  get current(): Session {
    return current;
  },
  /** Rises when one session takes the place of another: what was opened with the old one is to be opened anew. */
  get generation(): number {
    return generation;
  },
  get isAdmin(): boolean {
    return current.state === 'signed-in' && current.role === 'admin';
  },
  /** The code from a login link, `#login=<code>`. */
  async signIn(code: string): Promise<void> {
    current = { state: 'checking' };
    try {
      const { secret } = await request<OpenedSession>('/session', { method: 'POST', body: { code } });
      keepSecret(secret);
      await this.check();
    } catch (error) {
      if (isUnreachable(error)) current = { state: 'unreachable' };
      // A used link in the history must not end a session that still holds.
      else if (sessionSecret()) await this.check();
      else current = { state: 'signed-out', reason: messageOf(error) };
    }
  },
  /** Throws ApiError when it is refused; the page of those who are signed out stays. */
  async signInByName(name: string, password: string): Promise<void> {
    const { secret } = await request<OpenedSession>('/session', { method: 'POST', body: { name, password } });
    keepSecret(secret);
    await this.check();
  },
  /** A request that ends this session and answers with the next one: /setup, /account/password. Throws ApiError. */
  async renew(path: string, options: RequestOptions): Promise<void> {
    renewing = true;
    try {
      const { secret } = await request<OpenedSession>(path, options);
      keepSecret(secret);
      generation += 1;
      await this.check();
    } finally {
      renewing = false;
    }
  },
  /** Asks whether the session kept from an earlier visit, or the present one, still holds. */
  async check(): Promise<void> {
    if (!sessionSecret()) {
      current = { state: 'signed-out', reason: undefined };
      return;
    }
    try {
      const { kind: _kind, ...who } = await request<SessionInfo>('/session');
      current = { state: 'signed-in', ...who };
    } catch (error) {
      // No answer says nothing about a session that held a moment ago: the page stays and says that it is cut off.
      if (!isUnreachable(error)) this.ended(messageOf(error));
      else if (current.state !== 'signed-in') current = { state: 'unreachable' };
    }
  },
  async signOut(): Promise<void> {
    await request('/session', { method: 'DELETE' }).catch(() => undefined);
    this.ended(undefined);
  },
  /** The collector no longer accepts the session. */
  ended(reason: string | undefined): void {
    if (renewing) return;
    keepSecret(null);
    current = { state: 'signed-out', reason };
  },
};

/** The code in `#login=CODE`, or undefined. */
export const loginCode = (hash: string): string | undefined =>
  new URLSearchParams(hash.slice(1)).get('login') ?? undefined;

const isUnreachable = (error: unknown): boolean => error instanceof ApiError && error.retryable;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
