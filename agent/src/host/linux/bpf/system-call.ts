// The commands of bpf(2) that the agent uses: the attributes are laid out here and nowhere else.
import { HostError } from '../../host-error.ts';
import { fixedBytes, type Libc, openLibc } from '../libc.ts';
import type { MapDefinition } from './elf.ts';

// enum bpf_cmd, linux/bpf.h (Linux 6.18)
const BPF_MAP_CREATE = 0;
const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_MAP_DELETE_ELEM = 3;
const BPF_PROG_LOAD = 5;
const BPF_BTF_LOAD = 18;
const BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21;
const BPF_MAP_LOOKUP_BATCH = 24;
const BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25;
const BPF_LINK_CREATE = 28;

const ATTRIBUTE_BYTES = 128;
const LOG_BYTES = 64 << 10;
const MAX_NAME = 15;
// The end of the log tells why; this much of it.
const MAX_REASON = 200;
/** The verifier gives up with EAGAIN when a signal comes: a timer's or a profiler's come again and again. */
const LOAD_ATTEMPTS = 50;

const libc: () => Libc = openLibc;
// One set of attributes for all calls: each is handled to its end before the next.
const bytes = fixedBytes(ATTRIBUTE_BYTES);
const view = new DataView(bytes.buffer);

export interface BatchPosition {
  /** Where the kernel goes on; undefined at the beginning. */
  readonly token: Uint8Array<ArrayBuffer>;
  started: boolean;
}

/** Why the kernel refused; `errno` is symbolic, `log` the verifier's last word or empty. */
export class BpfError extends HostError {
  readonly log: string;

  constructor(what: string, errno: string, log = '') {
    super('system-call', `${what} failed with ${errno}${log ? `: ${log}` : ''}`, {
      retryable: errno === 'EAGAIN',
      errno,
    });
    this.log = log;
  }
}

/** @returns a descriptor. Throws BpfError. `types` describes key and value where the kernel insists. */
export function createMap(map: MapDefinition, types?: { fd: number; key: number; value: number }): number {
  clear();
  [map.type, map.keyBytes, map.valueBytes, map.maxEntries, map.flags].forEach((value, i) => word(i * 4, value));
  name(28, map.name);
  if (types) [types.fd, types.key, types.value].forEach((value, i) => word(48 + i * 4, value));
  return call(BPF_MAP_CREATE, 72, `Making the map "${map.name}"`);
}

/** @returns a descriptor of a type description. Throws BpfError. */
export function loadTypes(types: Uint8Array<ArrayBuffer>): number {
  clear();
  pointer(0, types);
  word(16, types.length);
  return call(BPF_BTF_LOAD, 32, 'Describing types');
}

/** @returns a descriptor. Throws BpfError with the verifier's last line. */
export function loadProgram(
  program: { name: string; instructions: Uint8Array<ArrayBuffer> },
  type: number,
  attachType: number,
  license: Uint8Array<ArrayBuffer>,
): number {
  const what = `Loading the program "${program.name}"`;
  const lay = () => {
    clear();
    word(0, type);
    word(4, program.instructions.length / 8);
    pointer(8, program.instructions);
    pointer(16, license);
    name(48, program.name);
    word(68, attachType);
  };
  for (let attempt = 1; ; attempt++) {
    lay();
    try {
      return call(BPF_PROG_LOAD, 72, what);
    } catch (error) {
      if (!(error instanceof BpfError) || error.errno === 'EPERM') throw error;
      if (error.errno !== 'EAGAIN' || attempt === LOAD_ATTEMPTS) break;
    }
  }
  // Again, and this time the verifier shall say why.
  const log = fixedBytes(LOG_BYTES);
  lay();
  word(24, 1);
  word(28, log.length);
  pointer(32, log);
  const fd = libc().bpf(BPF_PROG_LOAD, bytes, 72);
  if (fd >= 0) return fd;
  throw new BpfError(what, libc().errnoName(), lastWord(log));
}

/** Attaches to a control group until the descriptor is closed. Throws BpfError. */
export function createLink(program: number, target: number, attachType: number, what: string): number {
  clear();
  word(0, program);
  word(4, target);
  word(8, attachType);
  return call(BPF_LINK_CREATE, 16, what);
}

/** Copies the entry into `value`; false when there is none. Throws BpfError. */
export function lookup(
  map: number,
  key: Uint8Array<ArrayBuffer>,
  value: Uint8Array<ArrayBuffer>,
  remove = false,
): boolean {
  element(map, key, value);
  return found(libc().bpf(remove ? BPF_MAP_LOOKUP_AND_DELETE_ELEM : BPF_MAP_LOOKUP_ELEM, bytes, 32), 'Reading a map');
}

/** Throws BpfError. */
export function update(map: number, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): void {
  element(map, key, value);
  call(BPF_MAP_UPDATE_ELEM, 32, 'Writing a map');
}

/** False when there was no such entry. Throws BpfError. */
export function remove(map: number, key: Uint8Array<ArrayBuffer>): boolean {
  element(map, key);
  return found(libc().bpf(BPF_MAP_DELETE_ELEM, bytes, 32), 'Deleting from a map');
}

/**
 * Reads entries on from `position` into arrays that hold `capacity` of them. Throws BpfError, ENOSPC when one hash bucket has more.
 * @returns how many, and whether these were the last.
 */
export function lookupBatch(
  map: number,
  position: BatchPosition,
  keys: Uint8Array<ArrayBuffer>,
  values: Uint8Array<ArrayBuffer>,
  capacity: number,
  removing = false,
): { count: number; last: boolean } {
  clear();
  if (position.started) pointer(0, position.token);
  pointer(8, position.token);
  pointer(16, keys);
  pointer(24, values);
  word(32, capacity);
  word(36, map);
  const result = libc().bpf(removing ? BPF_MAP_LOOKUP_AND_DELETE_BATCH : BPF_MAP_LOOKUP_BATCH, bytes, 56);
  position.started = true;
  if (result >= 0) return { count: view.getUint32(32, true), last: false };
  const errno = libc().errnoName();
  if (errno !== 'ENOENT') throw new BpfError('Reading a map in batches', errno);
  return { count: view.getUint32(32, true), last: true };
}

export function closeDescriptor(fd: number): void {
  libc().close(fd);
}

function element(map: number, key: Uint8Array<ArrayBuffer>, value?: Uint8Array<ArrayBuffer>): void {
  clear();
  word(0, map);
  pointer(8, key);
  if (value) pointer(16, value);
}

function call(command: number, length: number, what: string): number {
  const result = libc().bpf(command, bytes, length);
  if (result < 0) throw new BpfError(what, libc().errnoName());
  return result;
}

function found(result: number, what: string): boolean {
  if (result >= 0) return true;
  const errno = libc().errnoName();
  if (errno === 'ENOENT') return false;
  throw new BpfError(what, errno);
}

function clear(): void {
  bytes.fill(0);
}

function word(offset: number, value: number): void {
  view.setUint32(offset, value, true);
}

function pointer(offset: number, target: Uint8Array<ArrayBuffer>): void {
  view.setBigUint64(offset, libc().addressOf(target), true);
}

function name(offset: number, value: string): void {
  for (let i = 0; i < Math.min(value.length, MAX_NAME); i++) view.setUint8(offset + i, value.charCodeAt(i));
}

/** The last line before the verifier's statistics. */
function lastWord(log: Uint8Array): string {
  const end = log.indexOf(0);
  const lines = new TextDecoder('latin1').decode(log.subarray(0, end < 0 ? log.length : end)).split('\n');
  const told = lines.filter(
    (line) => line.trim() !== '' && !/^(processed \d+ insns|verification time|stack depth)/.test(line),
  );
  return (told.at(-1) ?? '').trim().slice(0, MAX_REASON);
}
