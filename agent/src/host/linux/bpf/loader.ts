// Brings the compiled object into the kernel: maps first, then each program by itself, attached to the control groups' root.
import { HostError } from '../../host-error.ts';
import type { BpfObject, MapDefinition, Program } from './elf.ts';
import { explain, type Features, type Surroundings } from './features.ts';
import { BpfMap } from './maps.ts';
import { controlGroupPrograms, type ProgramPlace } from './programs.ts';
import { describeStorage, storageKeyType, storageValueType } from './storage-types.ts';
import { BpfError, closeDescriptor, createLink, createMap, loadProgram, loadTypes } from './system-call.ts';

// linux/bpf.h
const BPF_MAP_TYPE_SK_STORAGE = 24;
const BPF_PSEUDO_MAP_FD = 1;
const CALL = 0x85;
const MOV64_IMM = 0xb7;

/**
 * Helpers that the programs can do without, since they take 0 for an answer: bpf_get_current_comm (needs CAP_PERFMON) and
 * bpf_get_netns_cookie (Linux 5.14 in sock_ops, 6.15 in cgroup_skb).
 */
const dispensable = new Set([16, 122]);

export interface LoadOptions {
  object: BpfObject;
  surroundings: Surroundings;
  /** Other sizes than the object's, by the name of the map. */
  maxEntries?: Readonly<Record<string, number>>;
}

/** The maps of an object; closing them frees them, once no program uses them any more. */
export class LoadedMaps implements Disposable {
  readonly #maps = new Map<string, BpfMap>();

  /** Throws BpfError when the kernel refuses any of them. */
  constructor({ object, maxEntries = {} }: LoadOptions) {
    try {
      for (const definition of object.maps) {
        const wanted = { ...definition, maxEntries: maxEntries[definition.name] ?? definition.maxEntries };
        this.#maps.set(definition.name, new BpfMap(wanted, create(wanted)));
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (!map) throw new HostError('malformed', `The BPF object has no map "${name}"`, { retryable: false });
    return map;
  }

  [Symbol.dispose](): void {
    for (const map of this.#maps.values()) map[Symbol.dispose]();
  }
}

function create(definition: MapDefinition): number {
  if (definition.type !== BPF_MAP_TYPE_SK_STORAGE) return createMap(definition);
  const types = loadTypes(describeStorage(definition.valueBytes));
  try {
    return createMap(definition, { fd: types, key: storageKeyType, value: storageValueType });
  } finally {
    closeDescriptor(types);
  }
}

/** Loads one program. @returns its descriptor. Throws BpfError with what the verifier said. */
export function load(
  options: LoadOptions,
  maps: LoadedMaps,
  section: string,
  type: number,
  attachType: number,
): number {
  const program = options.object.programs.find((candidate) => candidate.section === section);
  if (!program) throw new HostError('malformed', `The BPF object has no program "${section}"`, { retryable: false });
  const license = new Uint8Array(new ArrayBuffer(options.object.license.length + 1));
  new TextEncoder().encodeInto(options.object.license, license);
  let instructions = link(program, maps);
  for (;;) {
    try {
      return loadProgram({ name: program.name, instructions }, type, attachType, license);
    } catch (error) {
      const helper = error instanceof BpfError ? Number(/\b\w+#(\d+)/.exec(error.log)?.[1] ?? -1) : -1;
      const simpler = dispensable.has(helper) ? withoutHelper(instructions, helper) : undefined;
      if (!simpler) throw error;
      instructions = simpler;
    }
  }
}

/** Attaches every program that the kernel takes; what it refuses is noted in `features`. @returns descriptors to close. */
export function attachToControlGroups(
  options: LoadOptions,
  maps: LoadedMaps,
  root: number,
  features: Features,
): number[] {
  return controlGroupPrograms.flatMap((place) => attach(options, maps, place, root, features));
}

function attach(
  options: LoadOptions,
  maps: LoadedMaps,
  place: ProgramPlace,
  root: number,
  features: Features,
): number[] {
  const { section, type, attachType } = place;
  const refuse = (missing: readonly string[], error: unknown) =>
    features.refuse(missing, explain(error, ['CAP_BPF', 'CAP_NET_ADMIN'], options.surroundings));
  let program: number;
  try {
    program = load(options, maps, section, type, attachType);
  } catch (error) {
    if (!place.plain || isRefusedByRight(error)) {
      refuse(place.features, error);
      return [];
    }
    refuse(place.plain.missing, error);
    try {
      program = load(options, maps, place.plain.section, type, attachType);
    } catch (plainError) {
      refuse(place.features, plainError);
      return [];
    }
  }
  try {
    return [createLink(program, root, attachType, `Attaching "${section}" to the control groups`), program];
  } catch (error) {
    closeDescriptor(program);
    refuse(place.features, error);
    return [];
  }
}

function isRefusedByRight(error: unknown): boolean {
  return error instanceof BpfError && error.errno === 'EPERM';
}

function link(program: Program, maps: LoadedMaps): Uint8Array<ArrayBuffer> {
  const instructions = program.instructions.slice();
  const view = new DataView(instructions.buffer);
  for (const { instruction, map } of program.references) {
    const at = instruction * 8;
    view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (BPF_PSEUDO_MAP_FD << 4));
    view.setInt32(at + 4, maps.get(map).fd, true);
  }
  return instructions;
}

/** The same program with "return 0" in place of each call of a helper; undefined when there is none. */
function withoutHelper(instructions: Uint8Array<ArrayBuffer>, helper: number): Uint8Array<ArrayBuffer> | undefined {
  const patched = instructions.slice();
  const view = new DataView(patched.buffer);
  let found = false;
  for (let at = 0; at < patched.length; at += 8) {
    const calls = view.getUint8(at) === CALL && view.getUint8(at + 1) >> 4 === 0;
    if (!calls || view.getInt32(at + 4, true) !== helper) continue;
    found = true;
    view.setUint8(at, MOV64_IMM);
    view.setUint8(at + 1, 0);
    view.setInt32(at + 4, 0, true);
  }
  return found ? patched : undefined;
}
