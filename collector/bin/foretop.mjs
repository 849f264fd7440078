#!/usr/bin/env node
// Runs the collector's command line on the Node that the project brings, whatever Node started this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const needed = 26;

if (Number(process.versions.node.split('.')[0]) >= needed) {
  process.argv[1] = main;
  await import(main);
} else {
  const node = projectNode(dirname(main));
  if (node === undefined) {
    console.error(
      `foretop: Node ${needed} or newer is needed, this is ${process.versions.node}. Run npm install in Foretop's folder.`,
    );
    process.exit(1);
  }
  runWith(node);
}

/** The package `node`, in the nearest node_modules upward. */
function projectNode(folder) {
  const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(candidate)) return candidate;
  return dirname(folder) === folder ? undefined : projectNode(dirname(folder));
}

function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl+C reaches the child twice then, which it takes for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`foretop: ${node} cannot be run: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
