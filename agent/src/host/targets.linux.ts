// Processes and connections of a Linux host, for those who decide whether to end one.
import { readlinkSync } from 'node:fs';
import { createLinuxClock } from './clock.linux.ts';
import { Executables } from './executables.linux.ts';
import { readSystemConstants } from './facts.linux.ts';
import { holdProcess } from './held-process.linux.ts';
import { readBootId } from './identity.linux.ts';
import { openNamespaceDoor } from './linux/network-namespace.ts';
import { connectionsOf, findConnections, ownerOf } from './open-sockets.linux.ts';
import { listProcesses } from './process-list.linux.ts';
import { findRestarts } from './restarts.linux.ts';
import type { TargetHost } from './targets.ts';
import { openUsers } from './users.linux.ts';

// The inode number of the initial PID namespace, the same on every kernel: PROC_PID_INIT_INO, include/linux/proc_ns.h.
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

/** Throws HostError where /proc or the C library are missing. */
export function openLinuxTargets(): TargetHost {
  const clock = createLinuxClock();
  const executables = new Executables();
  const users = openUsers('/etc/passwd', () => clock.boottimeUs() / 1e3);
  const pids = () => listProcesses().map(({ pid }) => pid);
  return {
    clock,
    bootId: Buffer.from(readBootId()).toString('hex'),
    clockTicks: readSystemConstants().clockTicks,
    blindness,
    hold: (pid) => holdProcess(pid, executables, users),
    list: listProcesses,
    connectionsOf(of) {
      using door = openNamespaceDoor();
      return connectionsOf(of, door);
    },
    restarts: findRestarts,
    findConnections(ends) {
      using door = openNamespaceDoor();
      return findConnections(ends, pids(), door);
    },
    ownerOf: (inode) => ownerOf(inode, pids()),
  };
}

/** Of this process's own PID namespace, and of the one that /proc was mounted for. */
function blindness(): string {
  try {
    const namespace = readlinkSync('/proc/self/ns/pid');
    if (namespace !== INITIAL_PID_NAMESPACE) return `it runs in the PID namespace ${namespace}`;
    const self = readlinkSync('/proc/self');
    return self === String(process.pid) ? '' : '/proc is of another PID namespace';
  } catch (error) {
    return `/proc cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
