// Talks to a collector over its REST API, as a token or as a person who signed in.
import { readFile, stat } from 'node:fs/promises';
import type { Problem } from '@foretop/proto/api';
import { printable } from '../config/printable.ts';
import { CliError } from './cli-error.ts';
import type { Places } from './places.ts';

export interface RemoteOptions {
  server?: string;
  tokenFile?: string;
}

/** What `foretop sign-in` leaves: both halves of a session, and where it is good. */
export interface SessionFile {
  server: string;
  name: string;
  cookie: string;
  secret: string;
  expiresAt: string;
}

export interface Client {
  /** Throws CliError. */
  request<Answer>(method: 'GET' | 'POST' | 'DELETE' | 'PUT', path: string, body?: unknown): Promise<Answer>;
  /** The body of an answer, for as long as it comes; server-sent events unless `headers` accept something else. Throws CliError. */
  stream(path: string, headers: Record<string, string>): Promise<AsyncIterable<Uint8Array>>;
}

export const standardServer = 'http://localhost:8420';
/** Longer than the collector waits for a host's receipt. */
const timeoutMs = 90_000;

/** With a token of a file, or else with the session that was signed in. Throws CliError. */
export async function openClient({ server, tokenFile }: RemoteOptions, places: Places): Promise<Client> {
  if (tokenFile !== undefined) {
    const token = (await readPrivate(tokenFile)).trim();
    if (!/^[\w-]{10,128}$/.test(token)) throw new CliError('usage', `'${tokenFile}' does not hold an API token.`);
    return clientOf(serverUrl(server ?? standardServer), { authorization: `Bearer ${token}` });
  }
  const session = await readSession(places.session);
  if (session === undefined || (server !== undefined && serverUrl(server) !== session.server))
    throw new CliError(
      'usage',
      `Nobody is signed in${server === undefined ? '' : ' there'}. Run: foretop sign-in --server URL, or name a token with --token-file.`,
    );
  const { cookie, secret } = session;
  return clientOf(serverUrl(session.server), { cookie: `foretop_session=${cookie}`, 'x-foretop-session': secret });
}

/** An origin. Over plain http to another machine, token and session could be read on the way. Throws CliError. */
export function serverUrl(text: string): string {
  const url = URL.parse(text);
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url && (isLocal || url.protocol === 'https:') && url.href === `${url.origin}/`) return url.origin;
  throw new CliError(
    'usage',
    `The server is ${JSON.stringify(text)}; https://HOST[:PORT] or http://localhost[:PORT] is required.`,
  );
}

export function clientOf(origin: string, headers: Record<string, string>): Client {
  return {
    async request(method, path, body) {
      const response = await send(`${origin}/api/v1${path}`, { method, headers, body });
      return (await answerOf(response)) as never;
    },
    async stream(path, more) {
      const accept = { ...headers, accept: 'text/event-stream', ...more };
      const response = await send(`${origin}/api/v1${path}`, { method: 'GET', headers: accept, endless: true });
      if (!response.ok || response.body === null) await answerOf(response);
      return response.body!;
    },
  };
}

/** Throws CliError unreachable. */
export async function send(
  url: string,
  given: { method: string; headers: Record<string, string>; body?: unknown; endless?: true },
): Promise<Response> {
  const { method, headers, body, endless } = given;
  try {
    return await fetch(url, {
      method,
      redirect: 'error',
      ...(!endless && { signal: AbortSignal.timeout(timeoutMs) }),
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    const { message, cause: reason } = cause as Error & { cause?: Error };
    const why = printable(reason?.message || message);
    throw new CliError('unreachable', `${new URL(url).origin} does not answer: ${why}`, { cause });
  }
}

/** The body of a good answer. Throws CliError refused with the problem's words, in which a host's text cannot steer the terminal. */
export async function answerOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body;
  const problem = (body ?? {}) as Partial<Problem>;
  const faults = (problem.errors ?? []).map(({ parameter, detail }) => `\n  ${parameter}: ${detail}`).join('');
  const said = problem.detail ?? problem.title ?? 'an answer that is none of Foretop’s';
  const refusal = problem.refusal === undefined ? '' : ` (${problem.refusal})`;
  throw new CliError('refused', printable(`${said}${refusal}`) + printableLines(faults));
}

const printableLines = (text: string) => text.split('\n').map(printable).join('\n');

async function readSession(path: string): Promise<SessionFile | undefined> {
  try {
    return JSON.parse(await readPrivate(path)) as SessionFile;
  } catch (error) {
    if (error instanceof CliError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      return undefined;
    if (error instanceof SyntaxError)
      throw new CliError('usage', `'${path}' is damaged. Sign in again: foretop sign-in`);
    throw error;
  }
}

/** Throws CliError when it is not there or others may read it. */
export async function readPrivate(path: string): Promise<string> {
  let mode: number;
  let text: string;
  try {
    ({ mode } = await stat(path));
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError('usage', `'${path}' cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (process.platform === 'win32' || (mode & 0o077) === 0) return text;
  throw new CliError(
    'usage',
    `'${path}' has mode ${(mode & 0o777).toString(8)}: others can read the secret in it. chmod 600 '${path}'`,
  );
}
