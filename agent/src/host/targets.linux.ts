// Processes and connections of a Linux host, for those who decide whether to end one.
import { createLinuxClock } from './clock.linux.ts';
import { Executables } from './executables.linux.ts';
import { readSystemConstants } from './facts.linux.ts';
import { holdProcess } from './held-process.linux.ts';
import { readBootId } from './identity.linux.ts';
import { openNamespaceDoor } from './linux/network-namespace.ts';
import { connectionsOf, findConnections, ownerOf } from './open-sockets.linux.ts';
import { foreignNumbers } from './pid-namespace.linux.ts';
import { listProcesses } from './process-list.linux.ts';
import { findRestarts } from './restarts.linux.ts';
import type { TargetHost } from './targets.ts';
import { openUsers } from './users.linux.ts';

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
    blindness: foreignNumbers,
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
