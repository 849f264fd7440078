// A collector and agents as real processes on data directories of their own, for system tests and benchmarks.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type ChildOptions, run } from './child.ts';

export const collectorMain = 'collector/src/main.ts';
export const agentMain = 'agent/src/main.ts';

/**
 * A folder that disappears with the scope that holds it. Others may pass through it: a collector that runs as root keeps
 * its database in there as another user.
 */
export async function temporaryFolder(name: string): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), `foretop-${name}-`));
  await chmod(path, 0o711);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A TCP port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/**
 * The first of `count` neighbouring ports that nobody listens at. Below the range from which the kernel takes those of clients
 * (ip_local_port_range, from 32768), so that no connection has one of them when somebody listens there later.
 */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = randomInt(20_000, 32_000);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} neighbouring ports are free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

export interface RunningCollector extends AsyncDisposable {
  child: Child;
  url: string;
  port: number;
  dataDir: string;
  loginLink: string;
}

export async function startCollector(
  dataDir: string,
  port: number,
  options: ChildOptions = {},
): Promise<RunningCollector> {
  const child = new Child(
    'collector',
    [collectorMain, 'serve', '--port', String(port), '--data', dataDir, '--no-open'],
    options,
  );
  const [, loginLink] = await child.waitFor(/^Foretop is ready: (\S+)$/m, 90_000);
  return {
    child,
    url: `http://localhost:${port}`,
    port,
    dataDir,
    loginLink: loginLink!,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

export async function createApiToken(dataDir: string, role: 'viewer' | 'operator' | 'admin'): Promise<string> {
  const output = await run([collectorMain, 'token', 'create', '--role', role, '--data', dataDir]);
  return lastWord(output);
}

export async function createEnrolToken(dataDir: string): Promise<string> {
  return lastWord(await run([collectorMain, 'enrol-token', 'create', '--data', dataDir]));
}

/** Starts an agent; with a token it enrols first. Does not wait until it is connected. */
export function startAgent(
  collectorUrl: string,
  dataDir: string,
  name: string,
  options: ChildOptions & { token?: string } = {},
): Child {
  const args = [agentMain, 'run', '--collector', collectorUrl, '--data', dataDir, '--name', name];
  if (options.token === undefined) return new Child(`agent ${name}`, args, options);
  return new Child(`agent ${name}`, [...args, '--token-file', '-'], { ...options, input: `${options.token}\n` });
}

/** The REST API with a bearer token. */
export function apiClient(url: string, token: string) {
  return async function get<Body>(path: string): Promise<Body> {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Body;
  };
}

/** Calls `probe` until it returns something other than undefined. Errors of the probe count as "not yet". */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} did not happen in ${timeoutMs} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function lastWord(output: string): string {
  const word = output.trim().split(/\s+/).at(-1);
  if (!word) throw new Error('the command printed no token');
  return word;
}
