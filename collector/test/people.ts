// For tests: accounts with passwords, and browsers that sign in with them.
import type { TestServer } from './server.ts';
import { nameKey } from '../src/serve/auth/account-name.ts';
import { createLoginCode } from '../src/serve/auth/login-link.ts';
import { createPasswords } from '../src/serve/auth/passwords.ts';
import { insertAccount } from '../src/store/queries/accounts.ts';
import type { Role } from '../src/store/schema.ts';

export const goodPassword = 'a lantern on the foremast';

/** What a page sends along once it is signed in. */
export interface SignedIn {
  cookie: string;
  'x-foretop-session': string;
}

const passwords = createPasswords();
let goodHash: Promise<string> | undefined;

/** With `goodPassword`. @returns the account's id. */
export async function makeAccount(
  { store }: TestServer,
  name: string,
  role: Role = 'viewer',
  hostLabels: string[] | null = null,
): Promise<number> {
  const passwordHash = await (goodHash ??= passwords.hash(goodPassword));
  const outcome = await insertAccount(store.db, { name, nameKey: nameKey(name), passwordHash, role, hostLabels });
  if ('fault' in outcome) throw new Error(outcome.fault);
  return outcome.done;
}

export function send(
  { url }: TestServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> | SignedIn = {},
): Promise<Response> {
  return fetch(`${url}/api/v1${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Of an answer that opens a session. */
export async function sessionOf(response: Response): Promise<SignedIn> {
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  const { secret } = (await response.json()) as { secret: string };
  return { cookie: response.headers.get('set-cookie')!.split(';')[0]!, 'x-foretop-session': secret };
}

export const signIn = async (server: TestServer, name: string, password = goodPassword): Promise<SignedIn> =>
  sessionOf(await send(server, 'POST', '/session', { name, password }));

export const signInByLink = async (server: TestServer): Promise<SignedIn> =>
  sessionOf(await send(server, 'POST', '/session', { code: await createLoginCode(server.store.db) }));
