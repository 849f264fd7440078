// A release of the agent for this machine's architecture, made by the command that makes any, from a copy of the sources:
// what somebody edits meanwhile is not in it. A run of the tests makes it once.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { repository, run } from '../harness/child.ts';
import { copyCheckout } from '../harness/docker.ts';

/** Packages that were fetched for a release before: its build checks their hashes again. */
const cache = join('deploy', 'release', 'build', 'cache');
/** Written by `npm run gen`, unknown to git. */
const generated = join('proto', 'src', 'gen');

/** The release that all files of this run share; the first that asks builds it, others wait. Theirs to read only. */
export async function sharedRelease(): Promise<string> {
  const shared = inject('releaseFolder');
  const release = join(shared, 'release');
  const building = join(shared, 'building');
  while (!existsSync(release)) {
    if (mkdirSync(building, { recursive: true }) === undefined) await sleep(500);
    else await buildShared(shared, release).finally(() => rmdirSync(building));
  }
  return release;
}

async function buildShared(shared: string, release: string): Promise<void> {
  const source = join(shared, 'source');
  rmSync(source, { recursive: true, force: true }); // a build that failed before left it
  await copyCheckout(source);
  for (const path of [generated, cache]) {
    if (existsSync(join(repository, path))) cpSync(join(repository, path), join(source, path), { recursive: true });
  }
  linkPackages(source);
  await build(source, `${release}.new`);
  renameSync(`${release}.new`, release);
}

/** Builds once more, in another folder, from the sources of the shared release and with its key. */
export async function buildAgain(folder: string): Promise<string> {
  const source = join(folder, 'source');
  cpSync(join(inject('releaseFolder'), 'source'), source, { recursive: true, verbatimSymlinks: true });
  const release = join(folder, 'release');
  await build(source, release);
  return release;
}

async function build(source: string, out: string): Promise<void> {
  await run([join(source, 'deploy', 'release', 'build.mjs'), '--arch', process.arch, '--out', out]);
}

/** The installed packages, but with the workspaces of the copy. */
function linkPackages(source: string): void {
  const installed = join(repository, 'node_modules');
  const modules = join(source, 'node_modules');
  const scope = '@foretop';
  mkdirSync(join(modules, scope), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (name !== scope) symlinkSync(join(installed, name), join(modules, name));
  }
  for (const name of readdirSync(join(installed, scope))) {
    symlinkSync(join('..', '..', name), join(modules, scope, name)); // relative: good in copies too
  }
}
