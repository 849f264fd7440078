// A program's output on disk, bounded: one file of at most 10 MB, and the one before it.
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './environment.mjs';

export const logFolder = join(root, '.foretop', 'log');
const maxBytes = 10_000_000;

/** A log that cannot be written (a full disk) is not worth stopping for: lines are dropped until it can be. */
export function openLog(name) {
  const path = join(logFolder, `${name}.log`);
  let file = start(path);
  let written = 0;
  return function append(line) {
    if (written > maxBytes) {
      if (file !== undefined) closeSync(file);
      file = start(path);
      written = 0;
    }
    try {
      if (file !== undefined) written += writeSync(file, `${line}\n`);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  };
}

function start(path) {
  try {
    mkdirSync(logFolder, { recursive: true });
    moveAside(path);
    return openSync(path, 'w', 0o600);
  } catch (error) {
    console.error(`  No log is kept in ${path}: ${error.message}`);
    return undefined;
  }
}

function moveAside(path) {
  try {
    renameSync(path, `${path}.1`);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
