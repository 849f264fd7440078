// Reads the bytes of /proc/PID/stat without making strings: it is done for every process every second.

/** Fields of proc_pid_stat(5). */
export interface ProcessStat {
  /** Where the name lies in the buffer, without its parentheses. */
  commStart: number;
  commEnd: number;
  /** One letter's character code. */
  state: number;
  parentPid: number;
  flags: number;
  utime: number;
  stime: number;
  threads: number;
  startTicks: number;
  rssPages: number;
}

export function createProcessStat(): ProcessStat {
  return {
    commStart: 0,
    commEnd: 0,
    state: 0,
    parentPid: 0,
    flags: 0,
    utime: 0,
    stime: 0,
    threads: 0,
    startTicks: 0,
    rssPages: 0,
  };
}

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const ZERO = 0x30;

/** Parses the first `length` bytes; false when they are not a whole stat line. The name may hold any byte, parentheses too. */
export function parseProcessStat(bytes: Uint8Array, length: number, into: ProcessStat): boolean {
  const open = bytes.indexOf(OPEN);
  let close = length - 1;
  while (close > open && bytes[close] !== CLOSE) close--;
  if (open < 0 || close <= open || close + 2 >= length) return false;
  into.commStart = open + 1;
  into.commEnd = close;
  into.state = bytes[close + 2]!;
  let field = 3;
  let at = close + 3;
  while (field < 24 && at < length) {
    at++;
    field++;
    let value = 0;
    while (at < length && bytes[at]! > SPACE) {
      const digit = bytes[at++]! - ZERO;
      if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    }
    assign(into, field, value);
  }
  return field === 24;
}

function assign(into: ProcessStat, field: number, value: number): void {
  if (field === 4) into.parentPid = value;
  else if (field === 9) into.flags = value;
  else if (field === 14) into.utime = value;
  else if (field === 15) into.stime = value;
  else if (field === 20) into.threads = value;
  else if (field === 22) into.startTicks = value;
  else if (field === 24) into.rssPages = value;
}
