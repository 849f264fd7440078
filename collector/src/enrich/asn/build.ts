// The database of autonomous systems as a file in the data directory, made once of what is installed and anew when that is another.
import { createRequire } from 'node:module';
import { access, constants, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { AsnBuild, AsnBuilt } from './build.worker.ts';

const packageName = '@ip-location-db/asn';

/**
 * Path of the file, in the first of the folders that has it, else made in the first that can be written. Rejects when the
 * package is not there or cannot be read.
 */
export async function asnDatabase(folders: readonly string[], log: Logger, signal: AbortSignal): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const { version } = createRequire(import.meta.url)(`${packageName}/package.json`) as { version: string };
  const name = `asn-${version.replace(/[^\w.]/g, '_')}.mmdb`;
  for (const folder of folders) if (await isThere(join(folder, name))) return join(folder, name);
  const folder = await writableFolder(folders);
  const startedMs = performance.now();
  const ipv4 = resolve(`${packageName}/asn-ipv4-num.csv`);
  const ipv6 = resolve(`${packageName}/asn-ipv6-num.csv`);
  const target = join(folder, name);
  const built = await runWorker({ ipv4, ipv6, target, builtAt: await dateOf(version, ipv4) }, signal);
  log.info({ event: 'asn-database-made', ...built, ms: Math.round(performance.now() - startedMs) });
  await removeOthers(folder, target);
  return target;
}

/** Throws what the last of them said. */
async function writableFolder(folders: readonly string[]): Promise<string> {
  let refused: unknown;
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      return folder;
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

/** Unix seconds: versions end with the day of the data. */
async function dateOf(version: string, path: string): Promise<number> {
  const [, year, month, day] = /\.(\d{4})(\d\d)(\d\d)\d*$/.exec(version) ?? [];
  const date = Date.parse(`${year}-${month}-${day}`);
  return Math.floor((Number.isNaN(date) ? (await stat(path)).mtimeMs : date) / 1000);
}

function runWorker(workerData: AsnBuild, signal: AbortSignal): Promise<AsnBuilt> {
  const { promise, resolve, reject } = Promise.withResolvers<AsnBuilt>();
  const worker = new Worker(new URL('./build.worker.ts', import.meta.url), { workerData });
  worker.on('message', resolve);
  worker.on('error', reject);
  worker.on('exit', (code) => reject(new Error(`the thread that makes it ended with code ${code}`)));
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

const abandonedMs = 3_600_000;

/** Of versions before, and of attempts that were cut short. */
async function removeOthers(folder: string, kept: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const isUnfinished = /^asn-[\w.]+\.mmdb\.\d+\.tmp$/.test(name);
    if (path === kept || !(isUnfinished || /^asn-[\w.]+\.mmdb$/.test(name))) continue;
    // Another collector may be at work.
    if (isUnfinished && Date.now() - (await stat(path)).mtimeMs < abandonedMs) continue;
    await rm(path, { force: true });
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
