// One run of the Postgres server as a child process, under a shell that stops it when the collector is gone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import { serverFailure } from './failure.ts';
import { childrenOf, commandOf, markOf } from './liveness.ts';
import type { ServerLog } from './server-log.ts';
import { type ServerUser, spawnAs } from './system-user.ts';

/**
 * The watchdog. Its standard input is a pipe that only the collector holds: at its end, however the collector ended, the server
 * is told to stop (SIGINT: fast shutdown). It also reaps the server, so that no zombie keeps the data directory's lock.
 */
const watchdog = `
exec 3<&0 </dev/null
"$@" 3<&- >/dev/null &
server=$!
echo "$server"
(read -r _ <&3; kill -INT "$server") 2>/dev/null >&2 &
watch=$!
exec 3<&- >&-
wait "$server"
status=$?
kill "$watch" 2>/dev/null
exit "$status"`;

export interface Postmaster {
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason, and nothing of it is left. */
  readonly ended: Promise<void>;
  /** 'fast' breaks sessions off at once, 'smart' lets them finish for some seconds. */
  stop(how: 'fast' | 'smart'): Promise<void>;
}

export interface PostmasterOptions {
  program: string;
  arguments: string[];
  data: string;
  user: ServerUser | undefined;
  log: ServerLog;
  signal?: AbortSignal | undefined;
  progress: (text: string) => void;
}

/** Resolves when the server takes connections. Throws StoreError when it ends before that. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { data, log } = options;
  const child = spawn('/bin/sh', ['-c', watchdog, 'foretop-postgres', options.program, ...options.arguments], {
    ...spawnAs(options.user),
    // A session of its own: Ctrl+C in a terminal goes to the collector alone, which stops the server in its own time.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...(await staleLock(data)) },
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => log.write(text));
  child.stdin!.on('error', () => undefined);
  const closed = once(child, 'close');
  const pid = await readPid(child, closed);
  const ended = closed.then(() => endOrphan(pid));
  const stop = (how: 'fast' | 'smart') => stopProcess(pid, ended, how);
  try {
    await waitUntilReady(data, pid, ended, options);
  } catch (error) {
    await stop('fast');
    throw error;
  }
  return { pid, ended, stop };
}

async function readPid(child: ChildProcess, closed: Promise<unknown>): Promise<number> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([once(lines, 'line'), closed.then(() => [''])])) as [string];
  lines.close();
  child.stdout!.resume();
  const pid = Number(line);
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new StoreError(
    'embedded-failed',
    `Starting the database failed: /bin/sh gave no process id but ${JSON.stringify(line)}`,
  );
}

/**
 * A lock file that names a process which is not its postmaster: a zombie, or a stranger with a reused id. Postgres ignores the
 * process id that this variable names (it is pg_ctl's own trick, miscinit.c), and still checks the old shared memory for live sessions.
 */
async function staleLock(data: string): Promise<Record<string, string>> {
  const lock = await readLock(data);
  return lock === undefined || isPostmasterOf(lock.pid, data) ? {} : { PG_GRANDPARENT_PID: String(lock.pid) };
}

/** postmaster.pid: its lines are listed in Postgres's pidfile.h. */
async function readLock(data: string): Promise<{ pid: number; ready: boolean } | undefined> {
  try {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Math.abs(Number(lines[0]));
    return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
  } catch {
    return undefined;
  }
}

/** A process that lives and was started on that data directory. */
function isPostmasterOf(pid: number, data: string): boolean {
  return markOf(pid) !== undefined && commandOf(pid).includes(`-D ${data} `);
}

async function waitUntilReady(
  data: string,
  pid: number,
  ended: Promise<void>,
  options: PostmasterOptions,
): Promise<void> {
  const startedMs = Date.now();
  let over = false;
  void ended.then(() => (over = true));
  for (let told = false; ;) {
    const lock = await readLock(data);
    if (lock?.pid === pid && lock.ready) return;
    if (over) throw serverFailure('Starting the database', data, options.log.tail());
    options.signal?.throwIfAborted();
    if (!told && Date.now() - startedMs > 5_000) {
      options.progress('The database is recovering from an unclean end');
      told = true;
    }
    await sleep(15);
  }
}

/** When each step of a shutdown is taken, milliseconds after the one before. */
const smartMs = 5_000;
const fastMs = 20_000;
const immediateMs = 5_000;

async function stopProcess(pid: number, ended: Promise<void>, how: 'fast' | 'smart'): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', fastMs],
    ['SIGQUIT', immediateMs],
    ['SIGKILL', immediateMs],
  ];
  if (how === 'smart') steps.unshift(['SIGTERM', smartMs]);
  // One that stands still (SIGSTOP, a debugger) would never see what it is told, nor would its sessions.
  for (const child of [pid, ...childrenOf(pid)]) send(child, 'SIGCONT');
  for (const [signal, waitMs] of steps) {
    send(pid, signal);
    if (await endsWithin(ended, waitMs)) return;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

async function endsWithin(ended: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timeout = new AbortController();
  const late = sleep(timeoutMs, false, { signal: timeout.signal }).catch(() => false);
  const done = await Promise.race([ended.then(() => true), late]);
  timeout.abort();
  return done;
}

/** The shell is gone; when it was killed, the server still runs. */
async function endOrphan(pid: number): Promise<void> {
  const mark = markOf(pid);
  if (mark === undefined) return;
  const gone = waitForEnd(pid, mark.started);
  await stopProcess(pid, gone.ended, 'fast');
  gone.cancel();
}

/** For processes that are not our children. */
function waitForEnd(pid: number, started: string): { ended: Promise<void>; cancel(): void } {
  let cancelled = false;
  const poll = async (): Promise<void> => {
    while (!cancelled && markOf(pid)?.started === started) await sleep(30);
  };
  return { ended: poll(), cancel: () => (cancelled = true) };
}

/** How long a dead collector's watchdog is given to stop its server. */
const watchdogMs = 3_000;

/** Stops a server that runs on the directory though whoever started it is gone. */
export async function endLeftover(data: string): Promise<void> {
  const lock = await readLock(data);
  const mark = lock === undefined ? undefined : markOf(lock.pid);
  if (lock === undefined || mark === undefined || !isPostmasterOf(lock.pid, data)) return;
  const gone = waitForEnd(lock.pid, mark.started);
  if (!(await endsWithin(gone.ended, watchdogMs))) await stopProcess(lock.pid, gone.ended, 'fast');
  gone.cancel();
}
