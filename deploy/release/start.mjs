// The executable's first script: loads the bundle that this process needs and no other, since V8 keeps the text of what it loads.
import { createRequire } from 'node:module';
import { getAsset } from 'node:sea';
import { compileFunction } from 'node:vm';

const [, , command, stage, dataDirectory, url] = process.argv;

// See agent/src/broker: the second stage of the process that talks to the network.
if (command === 'network-worker' && stage === 'hold') load('worker.cjs').holdConnection({ stage, dataDirectory, url });
else load('agent.cjs');

/** @returns what the bundle exports. */
function load(name) {
  const module = { exports: {} };
  const names = ['require', 'module', 'exports', '__filename', '__dirname'];
  const run = compileFunction(getAsset(name, 'utf8'), names, { filename: name });
  run(createRequire(process.execPath), module, module.exports, process.execPath, '/');
  return module.exports;
}
