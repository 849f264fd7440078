// The kernel's programs as one engine: loads them, reads their maps and events, and says what they cannot do here.
import { readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { readAsset } from './assets.ts';
import type { EngineCounters, EngineOptions, KernelEngine, PayloadKind, SocketOwner } from './engine.ts';
import { HostError, messageOf } from './host-error.ts';
import { openControlGroupRoot } from './linux/bpf/control-group-root.ts';
import { parseBpfObject } from './linux/bpf/elf.ts';
import { createEventReader } from './linux/bpf/events.ts';
import { explain, Features, readSurroundings, type Surroundings } from './linux/bpf/features.ts';
import { FlowTable } from './linux/bpf/flow-table.ts';
import { counterAt, payloadKinds, portMarkWords, readU64 } from './linux/bpf/layout.ts';
import { attachToControlGroups, load, LoadedMaps, type LoadOptions } from './linux/bpf/loader.ts';
import { allowLockedMemory } from './linux/bpf/locked-memory.ts';
import { readNamespaceCookie } from './linux/bpf/namespace-cookie.ts';
import { cookieKey, readOwnerOf } from './linux/bpf/owners.ts';
import { scanProgram, SOCKET_FILTER } from './linux/bpf/programs.ts';
import { RingBuffer } from './linux/bpf/ring-buffer.ts';
import { ScanWatch } from './linux/bpf/scan-watch.ts';
import { fixedBytes, openLibc } from './linux/libc.ts';
import { closeDescriptor } from './linux/bpf/system-call.ts';

const CLOCK_BOOTTIME = 7;
// PROC_PID_INIT_INO, include/linux/proc_ns.h
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

export interface LinuxEngineOptions extends EngineOptions {
  /** Other bounds than the object's, by the name of the map. */
  maxEntries?: Readonly<Record<string, number>>;
  /** After this long without a packet a UDP socket's flow with one peer has ended. */
  udpIdleMs?: number;
}

/** Nothing at all could be attached. */
export class EngineUnavailable extends HostError {
  /** What would help; empty when nothing is known to. */
  readonly remedy: string;

  constructor(reason: string, remedy: string, cause?: unknown) {
    super('engine-unavailable', `Starting the kernel engine failed: ${reason}`, { retryable: false, cause });
    this.remedy = remedy;
  }
}

/** Throws EngineUnavailable, whose message says why and whose remedy what would help. */
export function openKernelEngine(options: LinuxEngineOptions): KernelEngine {
  const surroundings = readSurroundings(release());
  const parts: Disposable[] = [];
  try {
    return assemble(options, surroundings, parts);
  } catch (error) {
    disposeAll(parts);
    if (error instanceof EngineUnavailable) throw error;
    const { reason, remedy } = explain(error, ['CAP_BPF', 'CAP_NET_ADMIN'], surroundings);
    throw new EngineUnavailable(reason, remedy, error);
  }
}

function assemble(options: LinuxEngineOptions, surroundings: Surroundings, parts: Disposable[]): KernelEngine {
  const features = new Features();
  const loading: LoadOptions = { object: parseBpfObject(readAsset('foretop.bpf.o')), surroundings };
  if (options.maxEntries) loading.maxEntries = options.maxEntries;
  allowLockedMemory();
  const maps = new LoadedMaps(loading);
  parts.push(maps);
  const events = maps.get('events');
  const ring = new RingBuffer(events.fd, events.definition.maxEntries);
  parts.push(ring);
  if (options.scope === 'namespace') maps.get('scope').update(fixedBytes(4), ownNamespace());
  capture(maps, { dns: true, tls: true, quic: true });
  parts.push(attachPrograms(loading, maps, features));
  const scans = openScans(loading, maps, features);
  if (scans) parts.push(scans);
  if (features.list().every(({ available }) => !available)) {
    const { reason, remedy } = features.first()!;
    throw new EngineUnavailable(reason, remedy);
  }
  return createEngine({ options, features, maps, ring, scans, parts });
}

/** Throws EngineUnavailable where the kernel cannot tell namespaces apart. */
function ownNamespace(): Uint8Array<ArrayBuffer> {
  const cookie = fixedBytes(8);
  try {
    cookie.set(readNamespaceCookie());
  } catch (error) {
    const remedy = 'update the kernel to 5.14 or newer, or run the agent in the host’s network and PID namespaces';
    throw new EngineUnavailable(messageOf(error), remedy, error);
  }
  return cookie;
}

function attachPrograms(loading: LoadOptions, maps: LoadedMaps, features: Features): Disposable {
  const root = openControlGroupRoot();
  if (root === undefined) {
    features.refuse(['flows', 'owners', 'accepted', 'closes', 'dns', 'sni', 'quic'], {
      reason: 'no control groups of version 2 are mounted here',
      remedy: 'mount -t cgroup2 none /sys/fs/cgroup, or give the container the host’s /sys/fs/cgroup',
    });
    return { [Symbol.dispose]: () => undefined };
  }
  const descriptors = attachToControlGroups(loading, maps, root, features);
  closeDescriptor(root);
  return { [Symbol.dispose]: () => descriptors.forEach(closeDescriptor) };
}

function openScans(loading: LoadOptions, maps: LoadedMaps, features: Features): ScanWatch | undefined {
  let program: number;
  try {
    program = load(loading, maps, scanProgram, SOCKET_FILTER, 0);
  } catch (error) {
    features.refuse(['scans'], explain(error, ['CAP_BPF'], loading.surroundings));
    return undefined;
  }
  try {
    const scanMaps = { scans: maps.get('scans'), addresses: maps.get('addresses'), ports: maps.get('ports') };
    return new ScanWatch(scanMaps, program, features.has('flows'));
  } catch (error) {
    features.refuse(['scans'], explain(error, ['CAP_NET_RAW'], loading.surroundings));
    return undefined;
  } finally {
    closeDescriptor(program); // the sockets hold it
  }
}

function capture(maps: LoadedMaps, kinds: Readonly<Record<PayloadKind, boolean>>): void {
  const key = fixedBytes(4);
  const mask = fixedBytes(4);
  for (const [kind, bit] of Object.entries(payloadKinds)) if (kinds[kind as PayloadKind]) mask[0]! |= bit;
  maps.get('wanted').update(key, mask);
}

interface Assembly {
  options: LinuxEngineOptions;
  features: Features;
  maps: LoadedMaps;
  ring: RingBuffer;
  scans: ScanWatch | undefined;
  parts: Disposable[];
}

function createEngine({ options, features, maps, ring, scans, parts }: Assembly): KernelEngine {
  const owners = maps.get('owners');
  const tally = maps.get('counters').words();
  const ports = maps.get('ports').words();
  const named = readlinkSync('/proc/self/ns/pid') === INITIAL_PID_NAMESPACE;
  if (!named) features.refuse(['owners', 'accepted'], foreignPids);
  const ownerOf = (cookie: number) => withPid(readOwnerOf(owners, cookie), named);
  const flows = new FlowTable({
    tcp: maps.get('tcp_flows'),
    udp: maps.get('udp_flows'),
    nowNs: createBootClock(),
    owner: ownerOf,
    ...(options.udpIdleMs !== undefined && { udpIdleMs: options.udpIdleMs }),
  });
  const readEvent = createEventReader({
    named,
    released: (cookie, owner) => flows.released(cookie, owner),
  });
  let ownersDeleted = 0;
  const deleteOwner = (cookie: number) => {
    if (owners.delete(cookieKey(cookie))) ownersDeleted++;
  };
  // Descriptors and memory are gone after disposal, and their numbers soon belong to something else.
  let open = true;
  let last = readCounters(tally, 0, 0);
  return {
    features: features.list(),
    readFlows(visit) {
      if (open) flows.read(visit);
    },
    readNewFlows(visit) {
      if (open) flows.readNew(visit);
    },
    drain(events) {
      if (!open) return 0;
      const hasRoom = () => events.hasRoom?.() ?? true;
      const taken = ring.drain((words, bytes, offset, end) => readEvent(events, words, bytes, offset, end), hasRoom);
      return taken + flows.finish((flow) => events.closed(flow), deleteOwner, hasRoom);
    },
    ringFill: () => ring.fill,
    readScans(visit) {
      if (open) scans?.read(visit);
    },
    listeningPorts: () => (open ? hashOfMarked(ports) : 0),
    ownerOf: (cookie) => (open ? ownerOf(cookie) : undefined),
    cookies(visit) {
      if (!open) return;
      flows.cookies(visit);
      owners.each(({ count, keyWords }) => {
        for (let entry = 0; entry < count; entry++) visit(readU64(keyWords, entry * 8));
      });
    },
    forget(cookie) {
      if (!open) return;
      flows.forget(cookie);
      deleteOwner(cookie);
    },
    capture(kinds) {
      if (open) capture(maps, kinds);
    },
    counters() {
      if (open) last = readCounters(tally, flows.deleted, ownersDeleted);
      return last;
    },
    [Symbol.dispose]() {
      open = false;
      disposeAll(parts);
    },
  };
}

const foreignPids = {
  reason: 'the agent runs in a PID namespace of its own, and the kernel names processes by the host’s numbers',
  remedy: 'run the agent in the host’s PID namespace',
};

function withPid(owner: SocketOwner | undefined, named: boolean): SocketOwner | undefined {
  return owner && !named ? { ...owner, pid: 0 } : owner;
}

function readCounters(tally: Uint32Array, flowsDeleted: number, ownersDeleted: number): EngineCounters {
  const at = (index: number) => readU64(tally, index * 8);
  return {
    eventsLost: at(counterAt.eventsLost),
    flowsRefused: at(counterAt.flowsRefused),
    ownersRefused: at(counterAt.ownersRefused),
    scansRefused: at(counterAt.scansRefused),
    flows: Math.max(0, at(counterAt.flows) - flowsDeleted),
    owners: Math.max(0, at(counterAt.owners) - ownersDeleted),
    otherRxIpBytes: at(counterAt.otherRxIpBytes),
    otherTxIpBytes: at(counterAt.otherTxIpBytes),
  };
}

function hashOfMarked(ports: Uint32Array): number {
  let hash = 0;
  for (let at = portMarkWords.tcp; at < ports.length; at += portMarkWords.stride)
    if (ports[at] !== 0) hash = (Math.imul(hash, 31) + at) | 0;
  return hash;
}

function createBootClock(): () => number {
  const libc = openLibc();
  const timespec = fixedBytes(16);
  const words = new Uint32Array(timespec.buffer);
  return () => {
    libc.clockGettime(CLOCK_BOOTTIME, timespec);
    return readU64(words, 0) * 1e9 + words[2]!;
  };
}

function disposeAll(parts: Disposable[]): void {
  for (const part of parts.splice(0).reverse()) part[Symbol.dispose]();
}
