// A person with the command line: an account, a session and an approve key of their own, in a home of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '@foretop/proto/api';
import type { Capability } from '@foretop/proto/trust';
import { repository } from './child.ts';
import type { RunningCollector } from './foretop.ts';

const shim = `${repository}collector/bin/foretop.mjs`;

export interface Ended {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** A command under way. */
export interface Started {
  process: ChildProcess;
  /** So far. */
  output(): { stdout: string; stderr: string };
  ended: Promise<Ended>;
}

export interface Operator {
  home: string;
  start(...args: string[]): Started;
  run(...args: string[]): Promise<Ended>;
}

/** An administrator whose key may do this on every host. `networkNamespace`: from where the collector is reached. */
export async function makeOperator(
  home: string,
  { dataDir, url }: RunningCollector,
  capabilities: Capability[],
  networkNamespace: string,
): Promise<Operator> {
  const start = (...args: string[]): Started => begin(home, networkNamespace, args);
  const run = (...args: string[]): Promise<Ended> => start(...args).ended;
  const must = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await run(...args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  };
  const password = join(home, 'password');
  await writeFile(password, 'a lantern on the foremast\n', { mode: 0o600 });
  await must('account', 'create', 'mira', '--role', 'admin', '--data', dataDir, '--password-file', password);
  await must('sign-in', '--server', url, '--name', 'mira', '--password-file', password);
  await must('approve', 'keygen', '--no-passphrase');
  await grant(home, networkNamespace, capabilities);
  return { home, start, run };
}

function begin(home: string, networkNamespace: string, args: string[]): Started {
  const command = ['netns', 'exec', networkNamespace, process.execPath, shim, ...args];
  const child = spawn('ip', command, { env: { PATH: process.env['PATH'], HOME: home, TZ: 'UTC' } });
  child.stdin.end();
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => void stdout.push(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  return {
    process: child,
    output: () => ({ stdout: Buffer.concat(stdout).toString(), stderr }),
    ended: once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: Buffer.concat(stdout),
      stderr,
    })),
  };
}

/** With the session that the command line keeps; from within the namespace, by a program of its own. */
async function grant(home: string, networkNamespace: string, capabilities: Capability[]): Promise<void> {
  const file = join(home, '.config', 'foretop', 'session.json');
  const { server, cookie, secret } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  const ask = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const request = {
      method,
      headers: {
        ...{ cookie: `foretop_session=${cookie}`, 'x-foretop-session': secret, 'content-type': 'application/json' },
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    const program = `const response = await fetch(${JSON.stringify(`${server}/api/v1${path}`)}, ${JSON.stringify(request)});
      const text = await response.text();
      if (!response.ok) throw new Error(response.status + ' ' + text);
      console.log(text);`;
    const command = ['netns', 'exec', networkNamespace, process.execPath, '--input-type=module', '-e', program];
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => void (text += piece));
    await once(child, 'close');
    return JSON.parse(text) as Body;
  };
  const { items } = await ask<{ items: SigningKey[] }>('GET', '/trust/keys');
  await ask('POST', `/trust/keys/${items[0]!.id}/grant`, { capabilities, hosts: { all: true } });
}
