// Which host bears which key, as this operator has seen it: the collector names hosts, and might name one as another.
import { readFile } from 'node:fs/promises';
import { printable } from '../config/printable.ts';
import { replacePrivate } from './sign-in.ts';

type KnownHosts = Record<string, { name: string; since: string }>;

/** What to tell about a host's key, and whether to be wary. */
export async function recognise(
  path: string,
  host: { thumbprint: string; name: string },
): Promise<{ wary: boolean; text: string }> {
  const known = await read(path);
  const own = Object.hasOwn(known, host.thumbprint) ? known[host.thumbprint] : undefined;
  if (own?.name === host.name) return { wary: false, text: `signed for before, first on ${own.since.slice(0, 10)}` };
  if (own !== undefined)
    return { wary: true, text: `WARNING: this is the key of the host that was called ${printable(own.name)} before` };
  const others = Object.values(known).filter(({ name }) => name === host.name);
  if (others.length > 0)
    return { wary: true, text: 'WARNING: a host of this name had another key before. Compare: foretop-agent status' };
  return { wary: false, text: 'not signed for before; it is what foretop-agent status shows on the host' };
}

export async function remember(path: string, host: { thumbprint: string; name: string }, now: Date): Promise<void> {
  const known = await read(path);
  const since = known[host.thumbprint]?.since ?? now.toISOString();
  await replacePrivate(path, { ...known, [host.thumbprint]: { name: host.name, since } });
}

async function read(path: string): Promise<KnownHosts> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as KnownHosts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
