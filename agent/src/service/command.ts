// Runs the host's own administration programs and turns their failures into words.
import { spawnSync } from 'node:child_process';
import { ServiceError } from './service-error.ts';

/** Only these folders are searched: the caller's PATH may name a folder that others write to. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const timeoutMs = 120_000;

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Never throws for a program that fails. Throws ServiceError when it cannot be started. */
export function tryCommand(name: string, ...args: string[]): Outcome {
  const options = { encoding: 'utf8', timeout: timeoutMs, env: { PATH: path, LC_ALL: 'C.UTF-8' } } as const;
  const { status, stdout, stderr, error } = spawnSync(name, args, options);
  if (error && status === null) throw new ServiceError(`'${name}' cannot be run: ${error.message}`, { cause: error });
  return { status: status ?? 1, stdout, stderr };
}

/** @returns its standard output. Throws ServiceError when it fails. */
export function command(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = tryCommand(name, ...args);
  if (status === 0) return stdout;
  const said = (stderr || stdout).trim();
  throw new ServiceError(`'${[name, ...args].join(' ')}' ended with ${status}${said ? `: ${said}` : '.'}`);
}
