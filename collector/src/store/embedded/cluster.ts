// The data directory: made once, checked at each start; and the roles in it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { StoreError } from '../errors.ts';
import type { Connection } from '../pool.ts';
import { serverFailure } from './failure.ts';
import { giveTo, type Home } from './home.ts';
import { type ServerUser, spawnAs } from './system-user.ts';
import type { Tree } from './tree.ts';

export const superuserName = 'postgres';
export const applicationName = 'foretop';

export interface Credentials {
  superuser: string;
  /** Of the role that the collector works as; it owns its database and nothing else. */
  application: string;
}

/** Makes the data directory unless it is there. @returns the passwords of its roles. */
export async function openCluster(
  home: Home,
  tree: Tree,
  user: ServerUser | undefined,
  progress: (text: string) => void,
): Promise<Credentials> {
  const major = await readFile(join(home.data, 'PG_VERSION'), 'utf8').then(
    (text) => Number(text.trim()),
    () => undefined,
  );
  if (major === undefined) {
    progress('Creating the database');
    return createCluster(home, tree, user);
  }
  if (major !== tree.major) {
    throw new StoreError(
      'wrong-major-version',
      `${home.data} was written by Postgres ${major}, and this Foretop brings Postgres ${tree.major}. ` +
        `Start the Foretop that it belongs to, or move the directory away to begin anew.`,
    );
  }
  return readCredentials(home.control);
}

const credentialsFile = (control: string) => join(control, 'credentials.json');

export async function readCredentials(control: string): Promise<Credentials> {
  try {
    return JSON.parse(await readFile(credentialsFile(control), 'utf8')) as Credentials;
  } catch (cause) {
    throw new StoreError(
      'data-directory-unusable',
      `The database's passwords cannot be read from ${credentialsFile(control)}: ${String(cause)}. Start Foretop as the user that it was first started as, or restore the file from a backup.`,
      { cause },
    );
  }
}

/** initdb works in a directory of another name, so that one which was cut short is never taken for a database. */
async function createCluster(home: Home, tree: Tree, user: ServerUser | undefined): Promise<Credentials> {
  for (const name of await readdir(home.server)) {
    if (name.startsWith('data.new-')) await rm(join(home.server, name), { recursive: true });
  }
  const draft = join(home.server, `data.new-${process.pid}`);
  const passwordFile = join(home.server, 'superuser-password');
  const credentials = {
    superuser: randomBytes(24).toString('base64url'),
    application: randomBytes(24).toString('base64url'),
  };
  await mkdir(draft, { mode: 0o700 });
  await giveTo(draft, user);
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, credentials.superuser, { mode: 0o600, flag: 'wx' });
  await giveTo(passwordFile, user);
  try {
    await runInitdb(tree, draft, passwordFile, user);
    await writeFile(credentialsFile(home.control), `${JSON.stringify(credentials)}\n`, { mode: 0o600 });
    await rename(draft, home.data);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
  return credentials;
}

async function runInitdb(tree: Tree, dir: string, passwordFile: string, user: ServerUser | undefined): Promise<void> {
  const options = [
    `--pgdata=${dir}`,
    `--username=${superuserName}`,
    `--pwfile=${passwordFile}`,
    '--auth-local=scram-sha-256',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  const child = spawn(tree.initdb, options, { ...spawnAs(user), stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw serverFailure('Creating the database', dir, output.trim().split('\n'));
}

/** Idempotent; also mends a start that was cut short between initdb and here. */
export async function prepareRoles(superuser: Connection, credentials: Credentials): Promise<void> {
  const client = new pg.Client(superuser);
  await client.connect();
  try {
    const role = pg.escapeIdentifier(applicationName);
    const roles = await client.query('select from pg_roles where rolname = $1', [applicationName]);
    const verb = roles.rowCount === 0 ? 'create' : 'alter';
    await client.query(
      `${verb} role ${role} login nosuperuser nocreatedb nocreaterole password ${pg.escapeLiteral(credentials.application)}`,
    );
    const databases = await client.query('select from pg_database where datname = $1', [applicationName]);
    if (databases.rowCount === 0) await client.query(`create database ${role} owner ${role}`);
  } finally {
    await client.end();
  }
}
