// koffi's native half in a release: the file that the installation placed, if it can be trusted, else a copy of this process's own.
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAsset } from './assets.ts';

const fileName = 'koffi.node';
const othersMayWrite = 0o022;

/** Where an installation puts the file that belongs to this executable: PREFIX/bin/foretop-agent, PREFIX/lib/foretop-agent/koffi.node. */
export function nativeModulePath(executable: string): string {
  return join(dirname(executable), '..', 'lib', 'foretop-agent', fileName);
}

/**
 * What `require` would give. A release's bundle calls this in place of koffi's own search for the file. Throws what dlopen says.
 * @public
 */
export function loadNativeModule(): unknown {
  const wanted = readAsset(fileName);
  const descriptor = openPlaced(nativeModulePath(process.execPath), wanted);
  if (descriptor === undefined) return loadOwnCopy(wanted);
  try {
    // By the descriptor that was checked: whatever happens to the path meanwhile, this file is loaded.
    return load(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens the placed file if only root can have written it and it is, to the byte, the one that this executable carries. */
export function openPlaced(path: string, wanted: Uint8Array, owner = 0): number | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  const { uid, mode, size } = fstatSync(descriptor);
  const isTrusted = uid === owner && (mode & othersMayWrite) === 0 && size === wanted.length;
  if (isTrusted && readFileSync(descriptor).equals(wanted)) return descriptor;
  closeSync(descriptor);
  return undefined;
}

/** For a release that is not installed: a folder that only this user can enter, gone again once the file is mapped. */
function loadOwnCopy(bytes: Uint8Array): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-agent-'));
  try {
    const path = join(folder, fileName);
    writeFileSync(path, bytes, { mode: 0o500, flag: 'wx' });
    return load(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function load(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
