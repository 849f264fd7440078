// Opens a login link in the person's browser by a private file, so that the code never stands in a process list.
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';

/** By then the browser has read the file, and the code in it is used up. */
const keepMs = 60_000;

const openers: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  linux: ['xdg-open'],
  darwin: ['open'],
  win32: ['explorer.exe'],
};

/** Disposal removes the file. That no browser can be opened is no failure: the link is printed as well. */
export async function openBrowser(link: string, dataDir: string, log: Logger): Promise<AsyncDisposable> {
  const file = join(dataDir, 'login.html');
  const failed = (error: Error) => log.warn({ event: 'browser-not-opened', error: error.message });
  const remove = () => rm(file, { force: true }).catch(failed);
  try {
    await rm(file, { force: true });
    await writeFile(file, redirectPage(link), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    failed(error as Error);
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const timer = setTimeout(() => void remove(), keepMs).unref();
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
  child.on('error', failed);
  child.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await remove();
    },
  };
}

/** The link holds base64url and a port, nothing that HTML could take for markup. */
function redirectPage(link: string): string {
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${link}"><title>Foretop</title>\n`;
}
