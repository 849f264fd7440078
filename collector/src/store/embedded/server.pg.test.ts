import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../database.ts';
import { StoreError } from '../errors.ts';
import { markOf } from './liveness.ts';
import { type EmbeddedOptions, startEmbedded } from './server.ts';
import { findUser } from './system-user.ts';
import { findPackage } from './tree.ts';

const isRoot = process.getuid!() === 0;
const log = pino({ level: 'silent' });
const ordinary = findUser('nobody')!;
const asOrdinary = ['setpriv', `--reuid=${ordinary.uid}`, `--regid=${ordinary.gid}`, '--clear-groups'];
let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'foretop-embedded-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.stdin!.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  await removeMoved(join(dataDir, 'postgres/location'));
  await rm(dataDir, { recursive: true, force: true });
});

const start = (changes: Partial<EmbeddedOptions> = {}) =>
  startEmbedded({ dataDir, role: 'collector', log, ...changes });

async function removeMoved(pointer: string): Promise<void> {
  const moved = await readFile(pointer, 'utf8').catch(() => undefined);
  if (moved !== undefined) await rm(moved.trim(), { recursive: true });
}

/** Runs test/open-store.ts in a process of its own. */
async function openElsewhere(
  role: string,
  dir = dataDir,
  wrap: string[] = [],
): Promise<{ child: ChildProcess; said: Said }> {
  const program = join(import.meta.dirname, '../../../test/open-store.ts');
  const [command, ...rest] = [...wrap, process.execPath, program, dir, role];
  const child = spawn(command!, rest, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, said: JSON.parse(line) as Said };
}
interface Said {
  collectorId?: string;
  started?: string;
  superuser?: boolean;
  code?: string;
  message?: string;
}

async function postmasterPid(data = join(dataDir, 'postgres/data')): Promise<number> {
  return Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function waitFor(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await ready()); tries++) {
    if (tries > 400) throw new Error(`waited too long for ${what}`);
    await sleep(50);
  }
}

async function query(connection: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('one process', () => {
  test('stops without a trace, and a second start finds the data', async () => {
    let pid: number | undefined;
    {
      await using server = await start();
      pid = server.pid();
      await query(server.connection, 'create table kept as select 1 as n');
    }
    expect(markOf(pid!)).toBeUndefined();
    await using server = await start();
    expect(await query(server.connection, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  test('the application is no superuser, the socket and the passwords are private', async () => {
    await using server = await start();
    expect(await query(server.connection, `select rolsuper as s from pg_roles where rolname = current_user`)).toEqual([
      { s: false },
    ]);
    expect((await stat(server.connection.host!)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'postgres/credentials.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'postgres/data'))).mode & 0o777).toBe(0o700);
    await expect(query({ ...server.connection, password: 'guessed' }, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(await query(server.connection, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    if (isRoot) expect((await stat(join(dataDir, 'postgres/data'))).uid).not.toBe(0);
  });

  test('a data directory may be given by a relative path or through a link', async () => {
    await chmod(dataDir, 0o711);
    await mkdir(join(dataDir, 'real'));
    await symlink('real', join(dataDir, 'link'));
    await using server = await start({ dataDir: relative(process.cwd(), join(dataDir, 'link')) });
    expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(await postmasterPid(join(dataDir, 'real/postgres/data'))).toBe(server.pid());
  });

  test('a long data directory gets a short socket', async () => {
    const long = join(dataDir, 'd'.repeat(90));
    await using server = await start({ dataDir: long });
    expect(server.connection.host!.length).toBeLessThan(60);
    expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test('a server that is killed comes back, and the store reconnects', async () => {
    await using store = await openStore({ dataDir, role: 'collector', log });
    const pid = await postmasterPid();
    process.kill(pid, 'SIGKILL');
    await waitFor('the end', () => markOf(pid) === undefined);
    await waitFor('the restart', () => store.healthy());
    expect(await postmasterPid()).not.toBe(pid);
  });

  test('a second collector on the directory is told so', async () => {
    await using server = await start();
    expect(server.pid()).toBeDefined();
    const { said } = await openElsewhere('collector');
    expect(said).toMatchObject({ code: 'data-directory-in-use' });
    expect(said.message).toContain(`process ${process.pid}`);
  });

  test('a database of another major version is refused with both named', async () => {
    await start().then((server) => server[Symbol.asyncDispose]());
    await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/written by Postgres 17, and this Foretop brings Postgres 18/);
  });

  test('an initdb that was cut short does not stand in the way', async () => {
    await mkdir(join(dataDir, 'postgres/data.new-1'), { recursive: true });
    await writeFile(join(dataDir, 'postgres/data.new-1/PG_VERSION'), '18\n');
    await using server = await start();
    expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
    await expect(stat(join(dataDir, 'postgres/data.new-1'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('after an unclean end', () => {
  test('kill -9 of the collector stops its server, and the next collector starts on the same data', async () => {
    const first = await openElsewhere('collector');
    expect(first.said.superuser).toBe(false);
    const pid = await postmasterPid();
    first.child.kill('SIGKILL');
    const second = await openElsewhere('collector');
    expect(second.said.collectorId).toBe(first.said.collectorId);
    expect(second.said.started).not.toBe(first.said.started);
    expect(markOf(pid)).toBeUndefined();
  });

  test('kill -9 of the collector alone: nothing stays behind', async () => {
    const first = await openElsewhere('collector');
    const pid = await postmasterPid();
    first.child.kill('SIGKILL');
    await waitFor('the server to stop', () => markOf(pid) === undefined);
  });

  test('a server whose collector and watchdog were both killed is taken over', async () => {
    const first = await openElsewhere('collector');
    const pid = await postmasterPid();
    const watchdog = Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')[1]);
    process.kill(first.child.pid!, 'SIGSTOP');
    const watcher = (await readFile(`/proc/${watchdog}/task/${watchdog}/children`, 'utf8'))
      .trim()
      .split(' ')
      .map(Number);
    for (const child of [...watcher.filter((child) => child !== pid), watchdog, first.child.pid!])
      process.kill(child, 'SIGKILL');
    await once(first.child, 'exit');
    expect(markOf(pid)).toBeDefined();
    const second = await openElsewhere('collector');
    expect(second.said.collectorId).toBe(first.said.collectorId);
    expect(markOf(pid)).toBeUndefined();
  });

  test('a lock file that names a zombie or a stranger is stale', async () => {
    await start().then((server) => server[Symbol.asyncDispose]());
    // The shell's child ends at once; the sleep that replaces the shell never reaps it.
    const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const zombie = Number(line);
    const lock = join(dataDir, 'postgres/data/postmaster.pid');
    const { uid, gid } = await stat(join(dataDir, 'postgres/data'));
    try {
      for (const pid of [zombie, parent.pid!]) {
        await writeFile(lock, `${pid}\n${join(dataDir, 'postgres/data')}\n1\n5432\n\n\n\n`, { mode: 0o600 });
        await chown(lock, uid, gid);
        await using server = await start();
        expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
      }
    } finally {
      parent.kill();
    }
  });
});

describe('several processes', () => {
  test("a command joins the collector's server", async () => {
    await using store = await openStore({ dataDir, role: 'collector', log });
    const { said } = await openElsewhere('command');
    expect(said.collectorId).toBe(store.collectorId);
    expect(await store.healthy()).toBe(true);
  });

  test('a command alone starts the server and stops it; a collector waits for it', async () => {
    const command = await openElsewhere('command');
    const pid = await postmasterPid();
    const collector = openElsewhere('collector');
    await sleep(300);
    command.child.stdin!.end();
    const { said } = await collector;
    expect(said.collectorId).toBe(command.said.collectorId);
    expect(markOf(pid)).toBeUndefined();
  });

  test('two that start at once on an empty directory: one wins, one is told', async () => {
    const [first, second] = await Promise.all([openElsewhere('collector'), openElsewhere('collector')]);
    const codes = [first.said.code, second.said.code];
    expect(codes).toContain(undefined);
    expect(codes).toContain('data-directory-in-use');
  });
});

describe('program files', () => {
  test('missing library links are made', async () => {
    const packageDir = join(dataDir, 'package');
    await cp(findPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
    await chmod(dataDir, 0o755);
    const links = JSON.parse(await readFile(join(packageDir, 'native/pg-symlinks.json'), 'utf8')) as {
      target: string;
    }[];
    for (const { target } of links) await unlink(join(packageDir, target)).catch(() => undefined);
    await using server = await start({ packageDir });
    expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect((await lstat(join(packageDir, links[0]!.target))).isSymbolicLink()).toBe(true);
  });

  test.runIf(isRoot)('files below a private directory are copied', async () => {
    const packageDir = join(dataDir, 'private/package');
    await mkdir(join(dataDir, 'private'), { mode: 0o700 });
    await cp(findPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
    const told: string[] = [];
    await using server = await start({ packageDir, progress: (text) => told.push(text) });
    expect(await query(server.connection, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(told.join()).toContain('Copying Postgres');
  });
});

describe('whose it is', () => {
  test.runIf(isRoot)(
    'a data directory below a private one: the database goes elsewhere, and is found again',
    async () => {
      const inside = join(dataDir, 'private/data');
      await mkdir(inside, { recursive: true, mode: 0o700 });
      await chmod(join(dataDir, 'private'), 0o700);
      try {
        {
          await using server = await start({ dataDir: inside });
          await query(server.connection, 'create table kept as select 1 as n');
        }
        expect(await readFile(join(inside, 'postgres/location'), 'utf8')).toMatch(/^\/var\/lib\/foretop\/postgres-/);
        await using server = await start({ dataDir: inside });
        expect(await query(server.connection, 'select n from kept')).toEqual([{ n: 1 }]);
      } finally {
        await removeMoved(join(inside, 'postgres/location'));
      }
    },
  );

  test.runIf(isRoot)('an ordinary user runs it as itself, and root later leaves it theirs', async () => {
    const own = join(dataDir, 'own');
    await mkdir(own);
    await chmod(dataDir, 0o755);
    await chown(own, ordinary.uid, ordinary.gid);
    const first = await openElsewhere('collector', own, asOrdinary);
    expect(first.said.collectorId).toBeDefined();
    first.child.stdin!.end();
    await once(first.child, 'exit');
    await start({ dataDir: own }).then((server) => server[Symbol.asyncDispose]());
    expect((await stat(join(own, 'postgres/data'))).uid).toBe(ordinary.uid);
    const again = await openElsewhere('collector', own, asOrdinary);
    expect(again.said.collectorId).toBe(first.said.collectorId);
  });

  test.runIf(isRoot)('a user without a name is told what Postgres requires', async () => {
    await chmod(dataDir, 0o777);
    const { said } = await openElsewhere('collector', join(dataDir, 'own'), [
      'setpriv',
      '--reuid=54321',
      '--regid=54321',
      '--clear-groups',
    ]);
    expect(said.code).toBe('embedded-unavailable');
    expect(said.message).toContain('/etc/passwd');
  });

  test.runIf(isRoot)('a directory that may not be written to is named', async () => {
    await chmod(dataDir, 0o755);
    const { said } = await openElsewhere('collector', dataDir, asOrdinary);
    expect(said.code).toBe('data-directory-unusable');
    expect(said.message).toContain(dataDir);
  });
});

test('errors are StoreErrors', async () => {
  await writeFile(join(dataDir, 'file'), '');
  await expect(start({ dataDir: join(dataDir, 'file') })).rejects.toBeInstanceOf(StoreError);
});
