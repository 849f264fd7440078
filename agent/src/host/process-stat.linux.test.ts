// Lines of /proc/PID/stat, with names that try to mislead.
import { describe, expect, it } from 'vitest';
import { createProcessStat, parseProcessStat } from './process-stat.linux.ts';

const line = (comm: string) =>
  `8421 (${comm}) S 1 8421 8421 0 -1 4194560 913 0 12 0 250 50 0 0 20 0 7 0 195121 233398272 4096 18446744073709551615 1 1 0 0 0 0 0 4096 1 0 0 0 17 1 0 0 0 0 0\n`;

function parse(text: string) {
  const bytes = Buffer.from(text);
  const into = createProcessStat();
  const complete = parseProcessStat(bytes, bytes.length, into);
  return { complete, comm: bytes.toString('utf8', into.commStart, into.commEnd), ...into };
}

describe('parseProcessStat', () => {
  it.each(['node', 'a b', ') R 1 (', '(sd-pam)', '', 'tmux: server', 'ünïcode'])('reads a process named %j', (comm) => {
    expect(parse(line(comm))).toMatchObject({
      complete: true,
      comm,
      state: 'S'.charCodeAt(0),
      parentPid: 1,
      utime: 250,
      stime: 50,
      threads: 7,
      startTicks: 195_121,
      rssPages: 4096,
    });
  });

  it('tells what is not a whole line', () => {
    const whole = line('node');
    for (const end of [0, 5, 12, 15, 40]) expect(parse(whole.slice(0, end)).complete).toBe(false);
  });
});
