// Who is signed in: a one-use login code from the address's fragment becomes a session, kept for the next visit.
import { ApiError, keepSecret, request, sessionSecret } from './client.ts';

export type Session =
  | { state: 'checking' }
  | { state: 'signed-in'; role: string }
  | { state: 'signed-out'; reason: string | undefined }
  | { state: 'unreachable' };

interface Opened {
  secret: string;
  role: string;
  expiresAt: string;
}

let current = $state.raw<Session>({ state: 'checking' });

export const session = {
  get current(): Session {
    return current;
  },
  /** The code from a login link, `#login=<code>`. */
  async signIn(code: string): Promise<void> {
    current = { state: 'checking' };
    try {
      const opened = await request<Opened>('/session', { method: 'POST', body: { code } });
      keepSecret(opened.secret);
      current = { state: 'signed-in', role: opened.role };
    } catch (error) {
      if (isUnreachable(error)) current = { state: 'unreachable' };
      // A used link in the history must not end a session that still holds.
      else if (sessionSecret()) await this.check();
      else current = { state: 'signed-out', reason: messageOf(error) };
    }
  },
  /** Asks whether the session kept from an earlier visit, or the present one, still holds. */
  async check(): Promise<void> {
    if (!sessionSecret()) {
      current = { state: 'signed-out', reason: undefined };
      return;
    }
    try {
      const { role } = await request<{ role: string }>('/session');
      current = { state: 'signed-in', role };
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
    keepSecret(null);
    current = { state: 'signed-out', reason };
  },
};

/** The code in `#login=CODE`, or undefined. */
export const loginCode = (hash: string): string | undefined =>
  new URLSearchParams(hash.slice(1)).get('login') ?? undefined;

const isUnreachable = (error: unknown): boolean => error instanceof ApiError && error.retryable;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
