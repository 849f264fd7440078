// Brings the dependencies to what package-lock.json says, and builds what has changed since the last time.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, pinnedNode, root, toolEnvironment } from './environment.mjs';
import { runProgram } from './program.mjs';
import { StepError, step } from './steps.mjs';

export async function ensureInstalled() {
  if (isInstalled()) return;
  ensureWritable();
  await step('Installing dependencies (the first time takes a minute or two)', 'Dependencies installed', async () => {
    const { command, args, ...options } = npmCommand();
    const failure = 'npm could not install the dependencies; when the lines above speak of the network, try again';
    await runProgram('npm', command, [...args, ...installArguments], { ...options, failure });
    if (!hasPinnedNode()) {
      throw new StepError(
        `The pinned Node ${pinnedVersion()} did not arrive in ${pinnedNode}. Is npm set to skip install scripts (ignore-scripts)? Foretop needs the one of the package "node".`,
      );
    }
  });
}

/**
 * `npm ci` would refuse a lock file that lacks a platform's optional packages, which a lock file written on another platform
 * may; `install --no-save` keeps to the lock file just so, adds those, and changes no file of the repository.
 */
const installArguments = [
  'install',
  '--no-save',
  '--include=dev',
  '--include=optional',
  '--no-progress',
  '--loglevel=error',
];

/** turbo knows by itself what has changed and answers the rest from its cache. */
export async function ensureBuilt() {
  await step('Building', 'Built', async () => {
    const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
    const args = [
      turbo,
      'run',
      'gen',
      'build',
      '--output-logs=errors-only',
      '--log-order=grouped',
      '--no-update-notifier',
    ];
    await runProgram('turbo', pinnedNode, args, { env: toolEnvironment(), failure: 'The build failed' });
  });
}

/** npm keeps a copy of the lock file beside what it has installed; platform packages may be absent from it. */
function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  const complete = Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '' || optional) return true;
    return present[path]?.version === version && present[path]?.integrity === integrity;
  });
  return complete && hasPinnedNode();
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined; // absent or half written: install again
  }
}

function hasPinnedNode() {
  const { stdout } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  return stdout?.trim() === `v${pinnedVersion()}`;
}

function pinnedVersion() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
}

function ensureWritable() {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new StepError(
      `You may not write to ${root}, where the dependencies go. Clone the repository as the user who runs it.`,
    );
  }
}
