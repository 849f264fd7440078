// The embedded Postgres of a data directory: run by this process, or by another one that this process joins.
import { realpath, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreError } from '../errors.ts';
import type { Connection } from '../pool.ts';
import {
  applicationName,
  type Credentials,
  openCluster,
  prepareRoles,
  readCredentials,
  superuserName,
} from './cluster.ts';
import { directoryFailure } from './failure.ts';
import { controlDir, findData, makeControlDir, makeSocketDir, openHome, socketPort } from './home.ts';
import { type Owner, type Ownership, readOwner, type Role, takeOwnership } from './owner.ts';
import { endLeftover } from './postmaster.ts';
import { openServerLog } from './server-log.ts';
import { serverArguments } from './settings.ts';
import { superviseServer } from './supervisor.ts';
import { chooseUser } from './system-user.ts';
import { findPackage, prepareTree } from './tree.ts';

export interface EmbeddedServer extends AsyncDisposable {
  /** As the role that owns Foretop's database and is no superuser. */
  readonly connection: Connection;
  readonly superuser: Connection;
  /** Process id of the server while it runs under this process. */
  pid(): number | undefined;
}

export interface EmbeddedOptions {
  dataDir: string;
  role: Role;
  log: Logger;
  signal?: AbortSignal | undefined;
  progress?: ((text: string) => void) | undefined;
  /** Where the program files are; by default the npm package for this platform. */
  packageDir?: string | undefined;
}

/** How long an operator's command may take before a collector that wants to start gives up waiting for it. */
const commandMs = 30_000;

/** Throws StoreError. Disposal stops the server when this process runs it. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  try {
    await makeControlDir(options.dataDir);
    return await joinOrRun({ ...options, dataDir: await realpath(options.dataDir) });
  } catch (error) {
    throw directoryFailure(options.dataDir, error);
  }
}

async function joinOrRun(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const control = controlDir(options.dataDir);
  const giveUpMs = Date.now() + commandMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await readOwner(control);
    if (found?.alive === true) {
      if (options.role === 'command' && found.owner.socketDir !== '') return joinServer(options.dataDir, found.owner);
      if (options.role === 'collector' && found.owner.role === 'collector') throw inUse(options.dataDir, found.owner);
      if (Date.now() > giveUpMs) throw inUse(options.dataDir, found.owner);
      await sleep(100);
      continue;
    }
    const ownership = await takeOwnership(control, options.role);
    if (ownership !== undefined) return runServer(options, ownership, found?.owner);
  }
}

function inUse(dataDir: string, owner: Owner): StoreError {
  const who = owner.role === 'collector' ? 'another collector' : 'an operator command';
  return new StoreError(
    'data-directory-in-use',
    `The data directory ${dataDir} is in use by ${who} (process ${owner.pid}). Stop that one, or choose another directory with --data.`,
  );
}

async function joinServer(dataDir: string, owner: Owner): Promise<EmbeddedServer> {
  const credentials = await readCredentials(controlDir(dataDir));
  return {
    ...connections(owner.socketDir, credentials),
    pid: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function connections(host: string, { superuser, application }: Credentials) {
  const at = { host, port: socketPort };
  return {
    connection: { ...at, user: applicationName, password: application, database: applicationName },
    superuser: { ...at, user: superuserName, password: superuser, database: 'postgres' },
  };
}

async function runServer(
  options: EmbeddedOptions,
  ownership: Ownership,
  before: Owner | undefined,
): Promise<EmbeddedServer> {
  const { dataDir, log, progress = () => undefined } = options;
  await using resources = new AsyncDisposableStack();
  resources.use(ownership);
  const data = await findData(dataDir);
  await endLeftover(data);
  const user = chooseUser(data, log);
  const home = await openHome(dataDir, user, log);
  const tree = await prepareTree(options.packageDir ?? findPackage(), home.server, user, progress);
  const credentials = await openCluster(home, tree, user, progress);
  if (before !== undefined) await removeSocketDir(before.socketDir);
  const socketDir = await makeSocketDir(home, user);
  resources.defer(() => removeSocketDir(socketDir));
  const supervisor = await superviseServer(
    {
      program: tree.postgres,
      arguments: serverArguments(home.data, socketDir),
      data: home.data,
      user,
      log: openServerLog(join(home.control, 'server.log')),
      signal: options.signal,
      progress,
    },
    log,
  );
  // Another command may have joined this one's server: it is let finish.
  resources.defer(() => supervisor.stop(options.role === 'command' ? 'smart' : 'fast'));
  const { connection, superuser } = connections(socketDir, credentials);
  await prepareRoles(superuser, credentials);
  await ownership.announce(socketDir);
  log.info({ event: 'database-started', pid: supervisor.pid(), data: home.data, user: user?.name });
  const running = resources.move();
  return { connection, superuser, pid: supervisor.pid, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Only what Postgres puts there: were the path wrong, nothing else would go. */
async function removeSocketDir(dir: string): Promise<void> {
  if (dir === '') return;
  for (const name of [`.s.PGSQL.${socketPort}`, `.s.PGSQL.${socketPort}.lock`])
    await rm(join(dir, name), { force: true });
  await rmdir(dir).catch(() => undefined);
}
