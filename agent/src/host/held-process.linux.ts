// Takes hold of a process, then reads what tells it from any other: so what was read is of the process that is held.
import type { Executables } from './executables.linux.ts';
import { openProcessHandle, type ProcessHandle } from './linux/pidfd.ts';
import { readContainerId, readProcessDetails } from './process-identity.linux.ts';
import { readListed } from './process-list.linux.ts';
import type { ExecutableEvidence, HeldProcess, ListedProcess, ProcessEvidence, ProcessMark } from './targets.ts';
import type { Users } from './users.linux.ts';

// asm-generic/signal.h
const signals = { SIGTERM: 15, SIGKILL: 9 } as const;

const kthreadd = 2;

const noExecutable: ExecutableEvidence = {
  path: '',
  device: '',
  inode: '',
  sha256: '',
  uid: -1,
  mode: 0,
  isHostFile: false,
  inHostMounts: true,
};

/** undefined = there is none, or it has ended. Throws HostError. */
export async function holdProcess(
  pid: number,
  executables: Executables,
  users: Users,
): Promise<HeldProcess | undefined> {
  const handle = openProcessHandle(pid);
  if (!handle) return undefined;
  try {
    const evidence = await readEvidence(pid, executables, users);
    if (evidence && !(await handle.hasEnded()) && handle.keepsPid()) return new Held(handle, evidence, executables);
  } catch (error) {
    handle[Symbol.dispose]();
    throw error;
  }
  handle[Symbol.dispose]();
  return undefined;
}

class Held implements HeldProcess {
  readonly evidence: ProcessEvidence;
  readonly #handle: ProcessHandle;
  readonly #executables: Executables;

  constructor(handle: ProcessHandle, evidence: ProcessEvidence, executables: Executables) {
    this.#handle = handle;
    this.evidence = evidence;
    this.#executables = executables;
  }

  async mark(): Promise<ProcessMark | undefined> {
    const { pid } = this.evidence;
    const executable = this.evidence.isKernelThread ? noExecutable : await this.#executables.read(pid);
    // Read last: it is what costs nothing, and what is nearest to the signal.
    const listed = readListed(pid);
    if (!executable || !listed || (await this.hasEnded()) || !this.#handle.keepsPid()) return undefined;
    const { device, inode, sha256 } = executable;
    return { startTicks: listed.startTicks, device, inode, sha256 };
  }

  hasEnded(): Promise<boolean> {
    return this.#handle.hasEnded();
  }

  signal(signal: keyof typeof signals): boolean {
    return this.#handle.signal(signals[signal]);
  }

  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]();
  }
}

async function readEvidence(pid: number, executables: Executables, users: Users): Promise<ProcessEvidence | undefined> {
  const listed = readListed(pid);
  if (!listed) return undefined;
  const executable = listed.isKernelThread ? noExecutable : await executables.read(pid);
  if (!executable) return undefined;
  const details = readProcessDetails('/proc', pid, listed.isKernelThread, users);
  const { commandLine, unit, containerRuntime, containerId, cgroup, uid } = details;
  const user = details.user || String(uid);
  const isContainerOfHost = containerId !== '' && containerId === readContainerId(1);
  return {
    ...{ ...listed, isKernelThread: listed.isKernelThread || isChildOfKernel(listed), executable, user, commandLine },
    ...{ controlGroup: cgroup, unit, containerRuntime, containerId, isContainerOfHost },
  };
}

/** Number 2 is kthreadd on a host; in a container it is anybody's. */
function isChildOfKernel({ parentPid }: ListedProcess): boolean {
  return parentPid === kthreadd && readListed(kthreadd)?.isKernelThread === true;
}
