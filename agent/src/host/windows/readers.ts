// The readers of Windows: queries to one PowerShell that stays, or netstat where PowerShell is refused.
import { execFileSync } from 'node:child_process';
import { freemem, release, totalmem, version } from 'node:os';
import { messageOf } from '../host-error.ts';
import { runCommand, type RunCommand, TOOL_FOLDER } from '../portable/command.ts';
import { genericReaders, type PortableReaders, READ_TIMEOUT_MS } from '../portable/readers.ts';
import type { SocketRow } from '../portable/readings.ts';
import { cimProcessesScript, parseCimProcesses } from './cim-processes.ts';
import { parseMachineGuid } from './identity.ts';
import { netAdaptersScript, parseNetAdapters } from './net-adapters.ts';
import { netConnectionsScript, parseNetConnections } from './net-connections.ts';
import { parseNetstat } from './netstat.ts';
import { PowerShell } from './powershell.ts';

const SHELL_TIMEOUT_MS = 10_000;

export interface Shell extends Disposable {
  query(script: string, signal: AbortSignal): Promise<string>;
}

const cryptography = ['query', 'HKLM\\SOFTWARE\\Microsoft\\Cryptography', '/v', 'MachineGuid', '/reg:64'];

export function windowsReaders(
  shell: Shell = new PowerShell(),
  run: RunCommand = runCommand,
  readNow: (file: string, args: string[]) => string = readAtOnce,
): PortableReaders {
  const generic = genericReaders(`${version()} ${release()}`, parseMachineGuid(readNow('reg.exe', cryptography)));
  let refused = '';
  const sockets = async (signal: AbortSignal): Promise<SocketRow[]> => {
    // A shell that hangs must leave time for netstat.
    const soon = AbortSignal.any([signal, AbortSignal.timeout(SHELL_TIMEOUT_MS)]);
    try {
      const rows = parseNetConnections(await shell.query(netConnectionsScript, soon));
      refused = '';
      return rows;
    } catch (error) {
      if (signal.aborted) throw error;
      refused = messageOf(error);
      return parseNetstat(await run('netstat.exe', ['-ano'], { timeoutMs: READ_TIMEOUT_MS, signal }));
    }
  };
  return {
    ...generic,
    sockets: { ...generic.sockets, everyMs: 3_000, read: sockets },
    processes: {
      ...generic.processes,
      read: async (signal) => parseCimProcesses(await shell.query(cimProcessesScript, signal)),
    },
    interfaces: {
      ...generic.interfaces,
      read: async (signal) => parseNetAdapters(await shell.query(netAdaptersScript, signal)),
    },
    memory: {
      ...generic.memory,
      read: () => Promise.resolve({ totalBytes: totalmem(), usedBytes: totalmem() - freemem() }),
    },
    limits: () => limits(refused),
    [Symbol.dispose]: () => shell[Symbol.dispose](),
  };
}

function limits(refused: string): ReturnType<PortableReaders['limits']> {
  const asAdministrator = 'run the agent as administrator';
  return {
    sockets: {
      reason: refused
        ? `${refused}; netstat is read instead, whose states are known in English only: others are shown as established`
        : 'UDP sockets have no peer',
      remedy: refused ? 'allow PowerShell in full language mode for the agent' : '',
    },
    owners: { reason: '', remedy: '' },
    bytes: { reason: 'Windows tells no bytes by connection or process without a driver', remedy: '' },
    processes: {
      reason: 'users are not known; paths and command lines of other users’ processes only as administrator',
      remedy: asAdministrator,
    },
    interfaces: { reason: 'Windows counts nothing for loopback', remedy: '' },
    host: { reason: '', remedy: '' },
  };
}

/** Empty when it fails. */
function readAtOnce(file: string, args: string[]): string {
  try {
    const options = { timeout: 5_000, windowsHide: true, cwd: TOOL_FOLDER } as const;
    return execFileSync(file, args, { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
