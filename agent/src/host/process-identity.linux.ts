// Who a process is beyond its counters: executable, redacted command line, user, unit, container. Read at its start, not every second.
import { readlinkSync } from 'node:fs';
import { limits } from '@foretop/proto';
import { parseControlGroup } from './control-group.ts';
import { readBounded } from './linux/procfs.ts';
import { redactCommandLine } from './redact.ts';
import type { Users } from './users.linux.ts';

export interface ProcessDetails {
  executable: string;
  commandLine: string;
  uid: number;
  user: string;
  cgroup: string;
  /** systemd unit; empty when there is none. */
  unit: string;
  /** Empty outside containers. */
  containerRuntime: string;
  containerId: string;
}

// Secrets may stand behind what is shown, so more is read than is kept.
const COMMAND_LINE_BYTES = 32 << 10;
// A line for each of some 14 hierarchies of v1; a path is at most PATH_MAX.
const CGROUP_BYTES = 64 << 10;

/** Empty fields where the kernel refuses or the process is gone. Kernel threads have neither executable nor command line. */
export function readProcessDetails(root: string, pid: number, kernelThread: boolean, users: Users): ProcessDetails {
  const directory = `${root}/${pid}`;
  const group = readControlGroup(directory);
  const uid = parseUid(readBounded(`${directory}/status`, 4096)?.toString('latin1') ?? '');
  return {
    executable: kernelThread ? '' : readExecutable(directory),
    commandLine: kernelThread ? '' : readCommandLine(directory),
    uid,
    user: users.name(uid),
    cgroup: group.path,
    unit: group.unit,
    containerRuntime: group.containerRuntime,
    containerId: group.containerId,
  };
}

/** Empty outside containers. */
export const readContainerId = (pid: number): string => readControlGroup(`/proc/${pid}`).containerId;

const readControlGroup = (directory: string) =>
  parseControlGroup(readBounded(`${directory}/cgroup`, CGROUP_BYTES)?.toString('utf8') ?? '');

/** The effective uid out of /proc/PID/status; the owner of /proc/PID is root for processes that may not be dumped. */
export function parseUid(status: string): number {
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

/** Arguments end with NUL each; a process that wrote its own title leaves one text without. */
export function parseCommandLine(bytes: Buffer): string {
  const text = bytes.toString('utf8').replace(/\0+$/, '');
  return text === '' ? '' : redactCommandLine(text.split('\0'), limits.textLength);
}

function readCommandLine(directory: string): string {
  const bytes = readBounded(`${directory}/cmdline`, COMMAND_LINE_BYTES);
  return bytes ? parseCommandLine(bytes) : '';
}

function readExecutable(directory: string): string {
  try {
    return readlinkSync(`${directory}/exe`).replaceAll('\0', '').slice(0, limits.textLength);
  } catch {
    return '';
  }
}
