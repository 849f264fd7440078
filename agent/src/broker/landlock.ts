// Landlock (landlock(7), Linux 5.13): the calling thread, and what it executes, loses most of the file system, of TCP and of signals.
import { closeSync, constants, type Dirent, openSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fixedBytes, type Libc } from '../host/linux/libc.ts';

// linux/landlock.h
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LANDLOCK_RULE_PATH_BENEATH = 1;
const LANDLOCK_RULE_NET_PORT = 2;
const EXECUTE = 1n << 0n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const BIND_TCP = 1n << 0n;
const CONNECT_TCP = 1n << 1n;
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n << 0n;
const SCOPE_SIGNAL = 1n << 1n;
/** All rights that each version of the interface can withhold: of files, of the network, over other processes. */
const filesOf = (version: number) => (1n << (version >= 5 ? 16n : version >= 3 ? 15n : version >= 2 ? 14n : 13n)) - 1n;
const networkOf = (version: number) => (version >= 4 ? BIND_TCP | CONNECT_TCP : 0n);
const scopesOf = (version: number) => (version >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0n);
const attributeBytes = (version: number) => (version >= 6 ? 24 : version >= 4 ? 16 : 8);

const O_PATH = 0o10000000;

export interface Restriction {
  /** Nothing in this directory; everything else that the user may read can be read, and nothing written. */
  without: string;
  /** TCP goes to these ports only, to whatever address. */
  ports: readonly number[];
}

/**
 * Needs NoNewPrivs or CAP_SYS_ADMIN. Nothing undoes it.
 * @returns the version of the interface; 0 = this kernel has none, or a filter keeps it away, and nothing has changed.
 */
export function restrict(libc: Libc, { without, ports }: Restriction): number {
  const version = libc.landlockCreateRuleset(null, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  const attributes = fixedBytes(24);
  new BigUint64Array(attributes.buffer).set([filesOf(version), networkOf(version), scopesOf(version)]);
  const ruleset = libc.landlockCreateRuleset(attributes, attributeBytes(version), 0);
  if (ruleset < 0) return 0;
  try {
    allowReading(libc, ruleset, { path: process.execPath, isDirectory: false }); // also where its folder cannot be listed
    for (const entry of besides(realpathSync(without))) allowReading(libc, ruleset, entry);
    if (networkOf(version) !== 0n) for (const port of ports) allowPort(libc, ruleset, port);
    return libc.landlockRestrictSelf(ruleset, 0) === 0 ? version : 0;
  } finally {
    closeSync(ruleset);
  }
}

interface Entry {
  path: string;
  isDirectory: boolean;
}

/** Everything on the way from the root to a directory that does not lead there. Symbolic links are left out: what they name is in here by itself. */
function besides(path: string): Entry[] {
  const parent = dirname(path);
  if (parent === path) return [];
  const siblings = entriesOf(parent).filter((entry) => entry.name !== basename(path) && !entry.isSymbolicLink());
  const found = siblings.map((entry) => ({ path: join(parent, entry.name), isDirectory: entry.isDirectory() }));
  return [...besides(parent), ...found];
}

/** None of a directory that only lets this user pass through. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function allowReading(libc: Libc, ruleset: number, { path, isDirectory }: Entry): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch {
    return; // what is gone or hidden from this user needs no permission
  }
  try {
    const rule = fixedBytes(12);
    new DataView(rule.buffer).setBigUint64(0, EXECUTE | READ_FILE | (isDirectory ? READ_DIR : 0n), true);
    new DataView(rule.buffer).setInt32(8, descriptor, true);
    libc.landlockAddRule(ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0);
  } finally {
    closeSync(descriptor);
  }
}

function allowPort(libc: Libc, ruleset: number, port: number): void {
  const rule = fixedBytes(16);
  new BigUint64Array(rule.buffer).set([CONNECT_TCP, BigInt(port)]);
  libc.landlockAddRule(ruleset, LANDLOCK_RULE_NET_PORT, rule, 0);
}
