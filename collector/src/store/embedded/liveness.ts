// Whether a process is still the one that was written down: its id may be reused, and a zombie is dead.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessMark {
  pid: number;
  /** When it started, in whatever form the system says it; tells a reused id from the same process. */
  started: string;
}

/** undefined = no such process, or an unreaped one. */
export function markOf(pid: number): ProcessMark | undefined {
  const started = process.platform === 'linux' ? linuxStart(pid) : posixStart(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.started === mark.started;
}

/** proc(5): after the command's closing parenthesis, field 3 is the state and field 22 the start in ticks since boot. */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${fields[19]} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return undefined;
  }
}

function posixStart(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state, ...started] = stdout.trim().split(/\s+/);
  return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ');
}

/** The command line with spaces between the arguments; empty when it cannot be read. */
export function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  } catch {
    return '';
  }
}
