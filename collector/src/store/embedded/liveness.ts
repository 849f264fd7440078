// Whether a process is still the one that was written down: its id may be reused, and a zombie is dead.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

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

/** Ids of the processes that it started itself. */
export function childrenOf(pid: number): number[] {
  const pairs = process.platform === 'linux' ? linuxParents() : posixParents();
  return pairs.filter(([, parent]) => parent === pid).map(([child]) => child);
}

type Parentage = [pid: number, parent: number];

/** proc(5): field 4 is the parent. */
function linuxParents(): Parentage[] {
  return readdirSync('/proc').flatMap((name): Parentage[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function posixParents(): Parentage[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number) as Parentage);
}
