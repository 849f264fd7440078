#!/usr/bin/env node
// Starts the agent with the Node that it was built for, whichever Node (20 or later) runs this file.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const requiredMajor = 26;
const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = join(here, '..', 'src', 'main.ts');

/** node_modules/node/bin/node in this directory or the nearest one above. */
function findNode(directory) {
  const candidate = join(directory, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(candidate)) return candidate;
  const parent = dirname(directory);
  return parent === directory ? undefined : findNode(parent);
}

function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`foretop-agent: '${node}' cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1;
    if (!signal) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (Number.parseInt(process.versions.node, 10) >= requiredMajor) {
  await import(main);
} else {
  const node = findNode(here);
  if (node) runWith(node);
  else {
    process.stderr.write(
      `foretop-agent: Node ${process.versions.node} is running, ${requiredMajor} is required. Run npm ci in the project, or install Node ${requiredMajor}.\n`,
    );
    process.exitCode = 1;
  }
}
