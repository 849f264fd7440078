// One executable out of Node, the bundles and the files that come with them.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode, root, toolEnvironment } from '../local/environment.mjs';
import { runProgram } from '../local/program.mjs';
import { strip } from './elf-strip.mjs';

/**
 * V8 and Node options that every start of the agent has; nothing on the host adds to them. One thread that helps V8 instead of four
 * saves 3.5 MB, most of it in malloc, and costs nothing that can be measured. Under a flood the young generation would grow to 67 MB,
 * a quarter of the memory that the agent may use; bounded, it is 17.
 */
const execArgv = [
  '--disable-sigusr1',
  '--no-warnings=ExperimentalWarning',
  '--v8-pool-size=1',
  '--max-semi-space-size=8',
];

/** `assets`: name → path. The same input gives the same bytes. */
export async function buildExecutable({ node, assets, output, folder, arch }) {
  const runtime = join(folder, `node-${arch}`);
  writeFileSync(runtime, strip(node), { mode: 0o755 });
  const config = join(folder, `sea-${arch}.json`);
  const settings = {
    main: relative(root, fileURLToPath(new URL('start.mjs', import.meta.url))), // Node writes this path into the executable
    mainFormat: 'module',
    executable: runtime,
    output,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false, // it differs from build to build, and would save 20 ms of a start
    execArgv,
    execArgvExtension: 'none',
    assets,
  };
  writeFileSync(config, JSON.stringify(settings, null, 2));
  const failure = `Node could not build the executable for ${arch}`;
  await runProgram('node', pinnedNode, ['--build-sea', config], { env: toolEnvironment(), failure });
  chmodSync(output, 0o755);
  rmSync(runtime);
}
