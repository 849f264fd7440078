// The browser for the tests: found, or installed from Debian's or Ubuntu's packages when that is possible.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { aptEnvironment, findProgram, isRoot } from './environment.mjs';
import { runProgram } from './program.mjs';
import { note, step } from './steps.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a Chromium that starts, or undefined when there is none. */
export function findBrowser() {
  const path = findProgram(...names);
  // Ubuntu's `chromium-browser` may be a stub that only asks for a snap.
  return path && spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0 ? path : undefined;
}

/** The path of a browser, installed when needed and possible. Says why when it is not. */
export async function ensureBrowser() {
  const present = findBrowser();
  if (present) return present;
  if (!isDebianLike() || !isRoot) {
    const reason = isRoot ? 'this is neither Debian nor Ubuntu' : 'installing it needs root';
    note(`No Chromium here, and ${reason}: the browser tests are left out. Install Chromium or Chrome to run them.`);
    return undefined;
  }
  const env = aptEnvironment();
  try {
    await step(
      'Installing Chromium for the browser tests (apt-get install chromium)',
      'Chromium installed',
      async () => {
        await runProgram('apt-get', 'apt-get', ['update', '-q'], { env });
        await runProgram('apt-get', 'apt-get', ['install', '-q', '-y', '--no-install-recommends', 'chromium'], { env });
      },
    );
  } catch (error) {
    note(`Chromium could not be installed, so the browser tests are left out: ${error.message}`);
    return undefined;
  }
  const installed = findBrowser();
  if (!installed)
    note('The package chromium brought no browser that starts (a snap stub?): the browser tests are left out.');
  return installed;
}

function isDebianLike() {
  try {
    return (
      /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8')) &&
      Boolean(findProgram('apt-get'))
    );
  } catch {
    return false; // no os-release: not Linux
  }
}
