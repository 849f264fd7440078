// Whether it is known which processes began and ended since the last look, so that /proc need not be listed: the kernel counts
// every fork, and tells of each exec and exit. When as many processes executed for the first time as were forked, there are no others.
import type { BriefProcesses } from '../host/brief-processes.linux.ts';

/** Listed all the same so often: a process may be missed by a listing, which is no picture of one moment. */
const LIST_EVERY_US = 10_000_000;

export interface ProcessNews {
  /** Pids that the table does not have and that were seen to execute. */
  executed: readonly number[];
  /** Pids of which the kernel said that they ended; others may still have to wait for them. */
  ended: readonly number[];
}

export interface NewsSources {
  brief: Pick<BriefProcesses, 'counters' | 'executed' | 'ended'>;
  /** Of the whole machine since it started, threads too; read before the table is looked at. undefined = not told. */
  forks: number | undefined;
  /** Whether the table has a process of that number. */
  isKnown: (pid: number) => boolean;
  nowUs: number;
}

export class ProcessNewsReader {
  #forks: number | undefined;
  #overflows = 0;
  #listedUs = -Infinity;

  /** Once a look; undefined = the processes have to be listed. */
  read({ brief, forks, isKnown, nowUs }: NewsSources): ProcessNews | undefined {
    const forked = forks !== undefined && this.#forks !== undefined ? forks - this.#forks : undefined;
    this.#forks = forks;
    const { overflows, failure } = brief.counters();
    const isWhole = overflows === this.#overflows && failure === '';
    this.#overflows = overflows;
    const executed = [...brief.executed()].filter((pid) => !isKnown(pid));
    const ended = brief.ended();
    if (isWhole && ended && forked === executed.length && nowUs - this.#listedUs < LIST_EVERY_US)
      return { executed, ended: [...ended] };
    this.#listedUs = nowUs;
    return undefined;
  }
}
