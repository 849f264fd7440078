// `ps` of macOS: processes with their start, CPU time and memory.
import { limits } from '@foretop/proto';
import { redactCommandText } from '../portable/arguments.ts';
import type { ProcessRow } from '../portable/readings.ts';

/** For `ps -axww -o`; with LC_ALL=C, since lstart is written in the language of the system. */
export const psColumns = 'pid=,ppid=,uid=,rss=,state=,time=,lstart=,user=,comm=';
export const psCommandColumns = 'pid=,command=';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const rowPattern =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+\w{3}\s+(\w{3})\s+(\d+)\s+(\d+):(\d+):(\d+)\s+(\d{4})\s+(\S+)\s+(.+)$/;

/** `commands`: what `ps -o pid=,command=` gave at the same time. Lines that are cut off or not understood are passed over. */
export function parsePs(text: string, commands: string): ProcessRow[] {
  const lines = parseCommands(commands);
  return text.split('\n').flatMap((line) => parseRow(line, lines) ?? []);
}

function parseRow(line: string, commands: ReadonlyMap<number, string>): ProcessRow | undefined {
  const match = rowPattern.exec(line);
  if (!match) return undefined;
  const [
    ,
    pid,
    parentPid,
    uid,
    rss,
    state = '',
    time = '',
    month,
    day,
    hour,
    minute,
    second,
    year,
    user = '',
    path = '',
  ] = match;
  const started = new Date(
    Number(year),
    months.indexOf(month!),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const isPath = path.startsWith('/');
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    comm: (isPath ? path.slice(path.lastIndexOf('/') + 1) : path).trim().slice(0, limits.commLength),
    executable: isPath ? path.trim().slice(0, limits.textLength) : '',
    commandLine: redactCommandText(commands.get(Number(pid)) ?? '', 'posix'),
    user: user.slice(0, limits.nameLength),
    // "Ss+": flags follow. macOS: I idle, U uninterruptible.
    state: stateLetter(state),
    uid: Number(uid),
    ...(Number.isNaN(started.getTime()) ? {} : { startedUnixUs: started.getTime() * 1e3 }),
    cpuUs: parseTime(time),
    memoryBytes: Number(rss) * 1024,
  };
}

function parseCommands(text: string): Map<number, string> {
  const found = text.split('\n').map((line) => /^\s*(\d+)\s+(.+)$/.exec(line));
  return new Map(found.flatMap((match) => (match ? [[Number(match[1]), match[2]!] as const] : [])));
}

function stateLetter(state: string): string {
  const letter = state[0] ?? '';
  return letter === 'U' ? 'D' : letter;
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`; the decimal sign may be a comma. */
function parseTime(text: string): number | undefined {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:[.,]\d+)?)$/.exec(text);
  if (!match) return undefined;
  const [days, hours, minutes] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0));
  const seconds = Number(match[4]!.replace(',', '.'));
  return Math.round(((days! * 24 + hours!) * 3600 + minutes! * 60 + seconds) * 1e6);
}
