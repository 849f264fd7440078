// What a host can tell of a process or a connection that somebody wants ended, and how it ends one. Reads for a decision, not every second.
import type { Clock } from './clock.ts';

/** The file that a process runs. All empty for kernel threads. */
export interface ExecutableEvidence {
  /** As the kernel names it, " (deleted)" and all. */
  path: string;
  device: string;
  inode: string;
  /** Hex; empty for files above 256 MiB. */
  sha256: string;
  uid: number;
  mode: number;
  /** That path leads the agent, or the first process that it sees, to this very file. */
  isHostFile: boolean;
  /** The process sees the host's own mounts. */
  inHostMounts: boolean;
}

/** Enough to know a process again, to show it, and to judge whether it may be ended. */
export interface ProcessEvidence {
  pid: number;
  parentPid: number;
  /** Since boot; with the pid it names a process for as long as the machine runs. */
  startTicks: number;
  name: string;
  /** Or a program that the kernel itself started. */
  isKernelThread: boolean;
  executable: ExecutableEvidence;
  user: string;
  /** Redacted. */
  commandLine: string;
  /** Path in control groups. */
  controlGroup: string;
  unit: string;
  containerRuntime: string;
  containerId: string;
  /** The first process that the agent sees is in that container too: this is the host that it watches. */
  isContainerOfHost: boolean;
}

/** What must not have changed between an offer and its signal. */
export type ProcessMark = Pick<ProcessEvidence, 'startTicks'> & Pick<ExecutableEvidence, 'device' | 'inode' | 'sha256'>;

export interface HeldProcess extends Disposable {
  readonly evidence: ProcessEvidence;
  /** As it is now; undefined = it has ended. Throws HostError. */
  mark(): Promise<ProcessMark | undefined>;
  hasEnded(): Promise<boolean>;
  /** To this process or to nobody. False = it has ended. Throws HostError, EPERM. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

export interface ListedProcess {
  pid: number;
  parentPid: number;
  startTicks: number;
  name: string;
  isKernelThread: boolean;
}

export interface OpenConnection {
  pid: number;
  protocol: 'tcp' | 'udp';
  remoteAddress: Uint8Array;
  remotePort: number;
}

export interface ConnectionEnds {
  /** 4 or 16 bytes. */
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  /** 0 = not known. */
  cookie: number;
}

export interface HeldConnection extends Disposable {
  readonly cookie: number;
  readonly inode: number;
  /** False = it has ended already. Throws HostError, EPERM. */
  close(): boolean;
  isOpen(): boolean;
}

export interface RestartFinding {
  /** Empty = nothing found. */
  by: string;
  /** What was looked at. */
  checked: string[];
}

export interface TargetHost {
  readonly clock: Clock;
  readonly bootId: string;
  /** Of startTicks, a second. */
  readonly clockTicks: number;
  /** Why the numbers that are reported are not those by which a process can be held; empty = they are. */
  blindness(): string;
  /** Takes hold first and reads then. undefined = there is none. Throws HostError when it cannot be read. */
  hold(pid: number): Promise<HeldProcess | undefined>;
  list(): ListedProcess[];
  connectionsOf(pids: ReadonlySet<number>): OpenConnection[];
  restarts(process: ProcessEvidence): Promise<RestartFinding>;
  /** TCP; of every network namespace that can be entered, so there may be several without a cookie. Throws HostError. */
  findConnections(ends: ConnectionEnds): HeldConnection[];
  /** The process that has a socket open; undefined = none that can be seen. */
  ownerOf(inode: number): number | undefined;
}
