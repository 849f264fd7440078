// `foretop sign-in`: opens a session with name and password, and keeps it in a file that only this user can read.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OpenedSession } from '@foretop/proto/api';
import { CliError } from './cli-error.ts';
import { answerOf, clientOf, readPrivate, send, serverUrl, type SessionFile } from './client.ts';
import type { Places } from './places.ts';
import type { Terminal } from './terminal.ts';

export interface SignInOptions {
  server: string;
  name: string;
  passwordFile?: string;
}

/** Throws CliError. */
export async function signIn(options: SignInOptions, places: Places, terminal: Terminal): Promise<void> {
  const { name, passwordFile } = options;
  const server = serverUrl(options.server);
  const password =
    passwordFile === undefined
      ? await terminal.askHidden(`Password of ${name}: `)
      : (await readPrivate(passwordFile)).replace(/\r?\n$/, '');
  const response = await send(`${server}/api/v1/session`, { method: 'POST', headers: {}, body: { name, password } });
  const { secret, role, expiresAt } = (await answerOf(response)) as OpenedSession;
  const cookie = response.headers
    .getSetCookie()
    .map((text) => /^foretop_session=([\w-]+)/.exec(text)?.[1])
    .find((value) => value !== undefined);
  if (cookie === undefined) throw new CliError('refused', `${server} opened no session.`);
  await replacePrivate(places.session, { server, name, cookie, secret, expiresAt } satisfies SessionFile);
  terminal.note(`Signed in as ${name} (${role}) until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC.`);
}

/** Ends the session there and forgets it here, also when the server is away. */
export async function signOut(places: Places, terminal: Terminal): Promise<void> {
  const { server, cookie, secret } = JSON.parse(await readPrivate(places.session)) as SessionFile;
  await rm(places.session);
  const headers = { cookie: `foretop_session=${cookie}`, 'x-foretop-session': secret };
  await clientOf(serverUrl(server), headers).request('DELETE', '/session');
  terminal.note('Signed out.');
}

/** JSON, written whole before it gets its name. */
export async function replacePrivate(path: string, content: unknown): Promise<void> {
  await replacePrivateText(path, `${JSON.stringify(content)}\n`);
}

export async function replacePrivateText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  await rename(draft, path);
}
