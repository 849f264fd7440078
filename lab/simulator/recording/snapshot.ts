// A recorded host without what would tell whose it is: what the file holds, and how a file is read.
import { readFileSync } from 'node:fs';
import { type Check, faultIn, list, nullable, number, object, oneOf, text, truth, whole } from './check.ts';

export const snapshotFormat = 'foretop-host-snapshot 1';

export interface SnapshotProcess {
  /** Name within the snapshot, by which listeners, traffic and questions refer to it. */
  key: string;
  program: string;
  executable: string;
  /** Empty = none. */
  unit: string;
  root: boolean;
  /** Number of the container; 0 = outside. */
  container: number;
  containerRuntime: string;
  /** How many stay. */
  count: number;
  /** Of one core, each. */
  cpuPermille: number;
  memoryMb: number;
  threads: number;
  descriptors: number;
  /** How many come and go, and how long those live. */
  startsPerMinute: number;
  lifeSeconds: number;
}

export interface SnapshotListener {
  process: string;
  protocol: 'tcp' | 'udp';
  port: number;
  local: boolean;
  acceptedBy: string;
}

/** What programs connected to, under an address of the documentation's or the simulator's ranges. */
export interface FarEnd {
  address: string;
  name: string | null;
}

export type FarKind = 'internet' | 'intranet' | 'resolver' | 'loopback';

export interface SnapshotTraffic {
  /** Empty = not known. */
  process: string;
  role: 'connects' | 'accepts';
  peer: FarKind;
  protocol: 'tcp' | 'udp';
  /** Of the side that accepts. */
  port: number;
  /** Connections that stay, beside those that come and go. */
  standing: number;
  /** How long one of those goes on, as far as the recording tells. */
  standingLifeSeconds: number;
  /** Payload from the connecting side, and back, in a second of such a connection that has any; and the share of those. */
  standingUpBytes: number;
  standingDownBytes: number;
  standingActive: number;
  /** Kernel TCP state in which they stay (2 SYN_SENT, 8 CLOSE_WAIT); 0 = none. */
  stuckIn: number;
  /** Connections that come and go. */
  opensPerMinute: number;
  /** Quantiles of how long those live, seconds; at least one when there were any. */
  lives: number[];
  /** Payload of one of them, from the connecting side and back. */
  upBytes: number;
  downBytes: number;
  /** Share of connections over IPv6. */
  ipv6: number;
  /** Indices into `farEnds`; empty where the peers do not matter. */
  farEnds: number[];
}

export interface SnapshotQuestions {
  process: string;
  perMinute: number;
  names: string[];
  /** Shares of the questions. */
  missing: number;
  unanswered: number;
}

/** What the whole host was like, to compare a simulated one with. */
export interface Shape {
  /** Mean of connections with a peer that were neither listening nor in TIME_WAIT. Both ends of one within the host count, here and below. */
  openConnections: number;
  listening: number;
  processes: number;
  opensPerMinute: number;
  closesPerMinute: number;
  questionsPerMinute: number;
}

export interface Snapshot {
  format: typeof snapshotFormat;
  seconds: number;
  system: { os: string; kernel: string; arch: string; cpus: number; memoryGb: number };
  shape: Shape;
  /** Loopback left out; the first carried most. */
  interfaces: { name: string; mtu: number; speedMbit: number | null }[];
  processes: SnapshotProcess[];
  listeners: SnapshotListener[];
  farEnds: FarEnd[];
  traffic: SnapshotTraffic[];
  questions: SnapshotQuestions[];
  /** How many different ones of the host stand here under another name. */
  replaced: Record<ReplacedKind, number>;
  /** How many of it are not in this file. */
  leftOut: Record<LeftOutKind, number>;
}

export const replacedKinds = ['addresses', 'names', 'programs', 'paths', 'units', 'containers', 'interfaces'] as const;
export type ReplacedKind = (typeof replacedKinds)[number];
export const leftOutKinds = [
  'kernelThreads',
  'listenersWithoutProcess',
  'connectionsWithoutPort',
  'rareTraffic',
] as const;
type LeftOutKind = (typeof leftOutKinds)[number];

export const bounds = { fileBytes: 1 << 20, groups: 400, farEnds: 600, names: 40 } as const;

const count = number(0, 1e6);
const total = whole(0, 1e6);
const share = number(0, 1);
const bytes = number(0, 1e12);
const word = text(64);
const snapshotCheck: Check = object({
  format: oneOf(snapshotFormat),
  seconds: number(1, 86_400),
  system: object({ os: text(120), kernel: word, arch: word, cpus: whole(1, 4_096), memoryGb: number(0, 65_536) }),
  shape: object({
    openConnections: count,
    listening: count,
    processes: count,
    opensPerMinute: count,
    closesPerMinute: count,
    questionsPerMinute: count,
  }),
  interfaces: list(64, object({ name: word, mtu: total, speedMbit: nullable(whole(0, 1e7)) })),
  processes: list(
    bounds.groups,
    object({
      ...{ key: word, program: word, executable: text(200), unit: text(100), root: truth, container: total },
      ...{
        containerRuntime: word,
        count: total,
        cpuPermille: count,
        memoryMb: count,
        threads: total,
        descriptors: total,
      },
      ...{ startsPerMinute: count, lifeSeconds: count },
    }),
  ),
  listeners: list(
    bounds.groups,
    object({ process: word, protocol: oneOf('tcp', 'udp'), port: whole(1, 65_535), local: truth, acceptedBy: word }),
  ),
  farEnds: list(bounds.farEnds, object({ address: text(45), name: nullable(text(255)) })),
  traffic: list(
    bounds.groups,
    object({
      ...{ process: word, role: oneOf('connects', 'accepts'), protocol: oneOf('tcp', 'udp') },
      ...{ peer: oneOf('internet', 'intranet', 'resolver', 'loopback'), port: whole(1, 65_535), ipv6: share },
      ...{ standing: count, standingLifeSeconds: number(1, 1e7), standingActive: share, stuckIn: oneOf(0, 2, 8) },
      ...{ standingUpBytes: bytes, standingDownBytes: bytes, upBytes: bytes, downBytes: bytes },
      ...{ opensPerMinute: count, lives: list(16, number(0, 1e7)), farEnds: list(64, number(0, bounds.farEnds)) },
    }),
  ),
  questions: list(
    bounds.groups,
    object({
      process: word,
      perMinute: count,
      names: list(bounds.names, text(255)),
      missing: share,
      unanswered: share,
    }),
  ),
  replaced: object(Object.fromEntries(replacedKinds.map((kind) => [kind, count]))),
  leftOut: object(Object.fromEntries(leftOutKinds.map((kind) => [kind, count]))),
});

export class SnapshotFault extends Error {
  readonly code = 'snapshot-fault';
  readonly retryable = false;
}

/** Throws SnapshotFault, which says where the text is not a snapshot. */
export function parseSnapshot(source: string): Snapshot {
  if (source.length > bounds.fileBytes) throw new SnapshotFault(`it has more than ${bounds.fileBytes} characters`);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new SnapshotFault((error as Error).message, { cause: error });
  }
  const fault = faultIn(value, snapshotCheck) ?? danglingIn(value as Snapshot);
  if (fault !== undefined) throw new SnapshotFault(fault);
  return value as Snapshot;
}

/** Throws SnapshotFault with the path, also for a file that cannot be read. */
export function readSnapshot(path: string): Snapshot {
  try {
    return parseSnapshot(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SnapshotFault(`the snapshot '${path}' was not taken: ${(error as Error).message}`, { cause: error });
  }
}

function danglingIn({ processes, listeners, traffic, questions, farEnds }: Snapshot): string | undefined {
  const running = new Set(processes.filter(({ count }) => count > 0).map(({ key }) => key));
  const known = new Set(['', ...processes.map(({ key }) => key)]);
  if (known.size !== processes.length + 1) return 'two processes have the same key';
  const listener = listeners.find(({ process, acceptedBy }) => !running.has(process) || !known.has(acceptedBy));
  if (listener) return `the listener at port ${listener.port} is of a process that does not run`;
  const user = [...traffic, ...questions].find(({ process }) => !known.has(process));
  if (user) return `traffic is of the process '${user.process}', which there is not`;
  if (traffic.some((one) => one.farEnds.some((index) => farEnds[index] === undefined))) return 'a far end is missing';
  if (traffic.some(({ opensPerMinute, lives }) => opensPerMinute > 0 && lives.length === 0)) return 'lives are missing';
  return undefined;
}
