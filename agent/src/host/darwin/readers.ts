// The readers of macOS: its own tools, run one at a time, each on a rhythm that its cost allows.
import { execFileSync } from 'node:child_process';
import { messageOf } from '../host-error.ts';
import { type CommandOptions, runCommand, type RunCommand } from '../portable/command.ts';
import { genericReaders, type Limit, NO_LIMIT, type PortableReaders, READ_TIMEOUT_MS } from '../portable/readers.ts';
import type { SocketRow } from '../portable/readings.ts';
import { parseBootSession, parsePlatformUuid, parseSystemVersion } from './identity.ts';
import { LSOF_FIELDS, parseLsof } from './lsof.ts';
import { parseNetstatInterfaces } from './netstat-interfaces.ts';
import { parseNetstatSockets } from './netstat-sockets.ts';
import { parseNettop } from './nettop.ts';
import { parsePs, psColumns, psCommandColumns } from './ps.ts';

// Full paths: nothing that stands earlier in PATH is run with the agent's rights.
const NETSTAT = '/usr/sbin/netstat';
const NETTOP = '/usr/bin/nettop';
const LSOF = '/usr/sbin/lsof';
const PS = '/bin/ps';

/** `read` is injected by tests; identity is read at once, the rest as the readers are polled. */
export function darwinReaders(
  run: RunCommand = runCommand,
  readNow: (file: string, args: string[]) => string = readAtOnce,
): PortableReaders {
  const generic = genericReaders(parseSystemVersion(readNow('/usr/bin/sw_vers', [])), undefined);
  const tool = (file: string, args: string[], signal: AbortSignal): Promise<string> => inC(run, file, args, signal);
  let netstatRefused = '';
  const sockets = async (signal: AbortSignal): Promise<SocketRow[]> => {
    try {
      const rows = parseNetstatSockets(await tool(NETSTAT, ['-anlWv'], signal));
      netstatRefused = '';
      return rows;
    } catch (error) {
      netstatRefused = messageOf(error);
      return parseLsof(await tool(LSOF, ['-nP', '-i', '-F', LSOF_FIELDS], signal));
    }
  };
  return {
    ...generic,
    machineId: parsePlatformUuid(readNow('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'])),
    bootId: parseBootSession(readNow('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])),
    sockets: { ...generic.sockets, read: sockets },
    processes: {
      ...generic.processes,
      read: async (signal) => {
        const table = await tool(PS, ['-axww', '-o', psColumns], signal);
        return parsePs(table, await tool(PS, ['-axww', '-o', psCommandColumns], signal));
      },
    },
    interfaces: {
      ...generic.interfaces,
      read: async (signal) => parseNetstatInterfaces(await tool(NETSTAT, ['-ibdnW'], signal)),
    },
    flows: {
      name: 'bytes',
      everyMs: 5_000,
      timeoutMs: READ_TIMEOUT_MS,
      read: async (signal) => parseNettop(await tool(NETTOP, ['-L', '1', '-n', '-x'], signal)),
    },
    limits: () => limits(netstatRefused),
  };
}

function limits(netstatRefused: string): ReturnType<PortableReaders['limits']> {
  const other: Limit = { reason: 'descriptors and threads are not counted', remedy: '' };
  return {
    sockets: { reason: netstatRefused && `${netstatRefused}; lsof is read instead`, remedy: '' },
    owners: netstatRefused
      ? { reason: 'only connections of processes of the agent’s user have a process', remedy: 'run the agent as root' }
      : NO_LIMIT,
    bytes: { reason: 'what a connection carried after the last reading is missing', remedy: '' },
    processes: other,
    interfaces: { reason: 'link speed is not known', remedy: '' },
    host: NO_LIMIT,
  };
}

/** In the C locale: numbers, months and states as they are parsed. env(1) sets it, so that the rest stays as it was. */
function inC(run: RunCommand, file: string, args: string[], signal: AbortSignal): Promise<string> {
  const options: CommandOptions = { timeoutMs: READ_TIMEOUT_MS, signal };
  return run('/usr/bin/env', ['LC_ALL=C', file, ...args], options);
}

/** Empty when it fails: what it would have given is then made up for otherwise. */
function readAtOnce(file: string, args: string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
