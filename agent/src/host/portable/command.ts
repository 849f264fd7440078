// Runs a tool of the system: with a deadline, a bound on what it may print, and no shell.
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { HostError } from '../host-error.ts';

export interface CommandOptions {
  timeoutMs: number;
  /** Of standard output; a tool that prints more is stopped, since half a table is worse than none. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export type RunCommand = (file: string, args: readonly string[], options: CommandOptions) => Promise<string>;

/** Windows looks for a tool in the current folder first: it must be one that others cannot write to. */
export const TOOL_FOLDER = dirname(process.execPath);

const MAX_BYTES = 16 << 20;

/** What the tool printed. Throws HostError `command-missing`, `command-timeout`, `command-output` or `command-failed`. */
export const runCommand: RunCommand = (file, args, options) =>
  new Promise((resolve, reject) => {
    const { timeoutMs, maxBytes = MAX_BYTES, signal } = options;
    const settings = {
      timeout: timeoutMs,
      maxBuffer: maxBytes,
      killSignal: 'SIGKILL',
      windowsHide: true,
      cwd: TOOL_FOLDER,
    } as const;
    execFile(file, [...args], { ...settings, ...(signal ? { signal } : {}) }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(commandError([file, ...args].join(' '), error, stderr, options));
    });
  });

interface Failure extends Error {
  code?: string | number | null;
  killed?: boolean;
}

function commandError(what: string, error: Failure, stderr: string, options: CommandOptions): HostError {
  const fail = (code: 'command-missing' | 'command-timeout' | 'command-output' | 'command-failed', found: string) =>
    new HostError(code, `Running "${what}" ${found}`, { retryable: code !== 'command-missing', cause: error });
  if (error.code === 'ENOENT') return fail('command-missing', 'failed: it is not installed');
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return fail('command-output', `printed more than ${options.maxBytes ?? MAX_BYTES} bytes`);
  if (error.killed) return fail('command-timeout', `took longer than ${options.timeoutMs} ms`);
  const said = stderr.trim().split('\n')[0]?.slice(0, 200);
  return fail('command-failed', `failed: ${said || error.message.split('\n')[0]}`);
}
