// Processes by the CIM class Win32_Process.
import { limits } from '@foretop/proto';
import { redactCommandText } from '../portable/arguments.ts';
import type { ProcessRow } from '../portable/readings.ts';
import { countOf, dateOf, type JsonRow, parseJsonRows, textOf } from './json.ts';

const properties =
  'ProcessId,ParentProcessId,Name,ExecutablePath,CommandLine,KernelModeTime,UserModeTime,WorkingSetSize,ThreadCount,HandleCount';

export const cimProcessesScript = [
  `$p=@(Get-CimInstance Win32_Process -Property ${properties},CreationDate -ErrorAction Stop|Select-Object ${properties},@{n="Created";e={if($_.CreationDate){$_.CreationDate.ToUniversalTime().ToString("o")}}})`,
  'ConvertTo-Json -Compress -Depth 3 -InputObject @{processes=$p}',
].join(';');

/** Rows that are not understood are passed over, like the idle process 0. Throws HostError `malformed`. */
export function parseCimProcesses(text: string): ProcessRow[] {
  const [rows = []] = parseJsonRows(text, ['processes']);
  return rows.flatMap((row) => processRow(row) ?? []);
}

function processRow(row: JsonRow): ProcessRow | undefined {
  const pid = countOf(row['ProcessId']);
  if (!pid) return undefined;
  return {
    pid,
    parentPid: countOf(row['ParentProcessId']) ?? 0,
    comm: textOf(row['Name']).slice(0, limits.commLength),
    // Null for processes of others, unless the agent runs as administrator; so is the command line.
    executable: textOf(row['ExecutablePath']).slice(0, limits.textLength),
    commandLine: redactCommandText(textOf(row['CommandLine']), 'windows'),
    user: '',
    state: '',
    startedUnixUs: dateOf(row['Created']),
    cpuUs: cpuUs(row),
    memoryBytes: countOf(row['WorkingSetSize']),
    threads: countOf(row['ThreadCount']),
    // Handles of every kind, files and sockets among them.
    descriptors: countOf(row['HandleCount']),
  };
}

/** Both times in units of 100 ns. */
function cpuUs(row: JsonRow): number | undefined {
  const kernel = countOf(row['KernelModeTime']);
  const user = countOf(row['UserModeTime']);
  return kernel === undefined || user === undefined ? undefined : Math.round((kernel + user) / 10);
}
