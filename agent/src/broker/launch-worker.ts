// Starts the process that holds the connection.
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { isRelease } from '../host/assets.ts';
import { commandLine } from './worker-arguments.ts';

export interface LaunchOptions {
  dataDirectory: string;
  url: string;
  /** All that it finds in its environment. */
  environment: Readonly<Record<string, string>>;
}

/** For a program that moves bytes and asks for one name: one arena of malloc for all of Node's threads, and one that waits for the name. */
const leanEnvironment = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '1' };
/** Of V8. A release has its own. */
const leanOptions = ['--max-semi-space-size=1', '--max-old-space-size=64', '--disable-sigusr1', '--no-warnings'];

/** Its standard output is the channel, in both directions: libuv makes a pair of sockets for it. */
export function launchWorker({ dataDirectory, url, environment }: LaunchOptions): ChildProcess {
  const program = isRelease ? [] : [...leanOptions, mainFile()];
  const args = [...program, ...commandLine({ stage: 'confine', dataDirectory, url })];
  return spawn(process.execPath, args, {
    cwd: '/',
    env: { ...leanEnvironment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The program's first file: beside the source, or the bundle that this is a part of. */
function mainFile(): string {
  const own = import.meta.filename;
  return own.endsWith('.ts') ? join(dirname(own), '..', 'main.ts') : own;
}
