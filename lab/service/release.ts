// A release of the agent for this machine's architecture, made by the command that makes any.
import { join } from 'node:path';
import { repository, run } from '../harness/child.ts';

const build = join(repository, 'deploy', 'release', 'build.mjs');

export async function buildRelease(folder: string): Promise<void> {
  await run([build, '--arch', process.arch, '--out', folder]);
}
