// Which processes have something new to record: seen first, executing something else, moved to another control group, or gone.
import type { ProcessIdentity, Tick, TrackedProcess } from '../collect/tick.ts';

export interface ProcessRecords {
  observe(tick: Tick): void;
  take(): ProcessIdentity[];
}

/** Processes waiting for a flush; of more, the rest is recorded with a later flush if it still runs. */
const waitingMax = 20_000;

type Recorded = Pick<ProcessIdentity, 'startTicks' | 'comm' | 'executable' | 'commandLine' | 'cgroup'>;

export function createProcessRecords(): ProcessRecords {
  const recorded = new Map<number, Recorded>();
  const waiting = new Map<string, ProcessIdentity>();

  function note({ identity }: TrackedProcess): boolean {
    const key = `${identity.pid}:${identity.startTicks}`;
    if (waiting.size >= waitingMax && !waiting.has(key)) return false;
    waiting.set(key, { ...identity });
    return true;
  }

  function record(process: TrackedProcess): void {
    const { pid, startTicks, comm, executable, commandLine, cgroup } = process.identity;
    const known = recorded.get(pid);
    if (known && isSame(known, process.identity)) return;
    if (note(process)) recorded.set(pid, { startTicks, comm, executable, commandLine, cgroup });
  }

  return {
    observe(tick) {
      for (const process of tick.started) record(process);
      for (const process of tick.processes.values()) record(process);
      for (const process of tick.exited) {
        note(process);
        if (recorded.get(process.identity.pid)?.startTicks === process.identity.startTicks) {
          recorded.delete(process.identity.pid);
        }
      }
    },
    take() {
      const processes = [...waiting.values()];
      waiting.clear();
      return processes;
    },
  };
}

function isSame(known: Recorded, now: ProcessIdentity): boolean {
  return (
    known.startTicks === now.startTicks &&
    known.comm === now.comm &&
    known.executable === now.executable &&
    known.commandLine === now.commandLine &&
    known.cgroup === now.cgroup
  );
}
