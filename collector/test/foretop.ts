// For tests: the command line as a process of its own, through the shim that npx calls.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const shim = fileURLToPath(new URL('../bin/foretop.mjs', import.meta.url));

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** `input` is typed into it. Everything that is not in `environment` is unset, but for PATH and HOME. */
export async function foretop(args: string[], environment: Record<string, string> = {}, input = ''): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: tmpdir(), ...environment };
  const child = spawn(process.execPath, [shim, ...args], { env });
  const outcome = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
  // Whoever ends without reading it is not at fault.
  child.stdin.on('error', () => undefined).end(input);
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on('close', (code) => resolve(code ?? -1));
  return { code: await promise, ...outcome };
}
