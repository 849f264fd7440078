// /install.sh and /download: the agent's release, for hosts that reach nothing else. Public, like the release itself.
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { RequestError } from '../problem.ts';
import type { ServeEnv } from './context.ts';

/** What a build puts into its folder; nothing else there is ever served. */
const servedNames =
  /^(foretop-agent-linux-(x64|arm64)(\.gz)?|foretop-agent-\d+\.\d+\.\d+-linux-(x64|arm64)\.(tar\.gz|cdx\.json)|foretop-agent_\d+\.\d+\.\d+_(amd64|arm64)\.deb|SHA256SUMS(\.sig)?|release-key\.pem|VERSION)$/;
const textNames = /^(SHA256SUMS|VERSION|release-key\.pem)$/;

export interface ReleaseOptions {
  folder: string;
  /** The address that the hosts know this server by, if it is not localhost. */
  publicUrl: string | undefined;
}

/** Of the release in the folder; undefined when there is none, or it is not complete. */
export async function releasedVersion(folder: string): Promise<string | undefined> {
  const [version, script] = await Promise.all(
    ['VERSION', 'install.sh'].map((name) => readFile(join(folder, name), 'utf8').catch(() => undefined)),
  );
  return script === undefined ? undefined : version?.match(/^\d+\.\d+\.\d+(?=\n?$)/)?.[0];
}

export function releaseRoutes({ folder, publicUrl }: ReleaseOptions): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();

  routes.get('/install.sh', async (context) => {
    const script = await readFile(join(folder, 'install.sh'), 'utf8').catch(() => undefined);
    if (script === undefined) throw noRelease();
    const text = script.replace('@COLLECTOR@', () => addressOf(context.req.header('host') ?? '', publicUrl));
    return context.text(text, 200, {
      'content-type': 'text/x-shellscript; charset=utf-8',
      'cache-control': 'no-store',
    });
  });

  routes.get('/download/:name', async (context) => {
    const name = context.req.param('name');
    if (!servedNames.test(name)) throw new RequestError('not-found', `A release has no file ${JSON.stringify(name)}.`);
    const file = await open(join(folder, name)).catch(() => undefined);
    if (file === undefined) throw noRelease(name);
    await using resources = new AsyncDisposableStack();
    resources.defer(() => file.close());
    const stats = await file.stat();
    if (!stats.isFile()) throw noRelease(name);
    const { size } = stats;
    const headers = {
      'content-type': textNames.test(name) ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'content-length': String(size),
      'cache-control': 'no-cache',
    };
    if (context.req.method === 'HEAD' || size === 0) return context.body(null, 200, headers);
    resources.move(); // the stream closes the file
    const stream = createReadStream('', { fd: file, end: size - 1 });
    return context.body(Readable.toWeb(stream) as ReadableStream, 200, headers);
  });

  return routes;
}

/** `host` is one that the server answers to: a loopback name, or that of the public address. */
function addressOf(host: string, publicUrl: string | undefined): string {
  if (publicUrl !== undefined && new URL(publicUrl).host === host) return publicUrl;
  return `http://${host}`;
}

function noRelease(name?: string): RequestError {
  const what = name === undefined ? 'no release of the agent' : `no ${name}`;
  return new RequestError(
    'not-found',
    `This collector has ${what}. Build one with "npm run release", or put a release into its folder (the setting "release").`,
  );
}
