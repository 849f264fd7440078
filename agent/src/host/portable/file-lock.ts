// A lock by a file that names its holder, for systems where the kernel's own is out of reach.
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { uptime } from 'node:os';

// Between creating the file and writing into it.
const WRITTEN_WITHIN_MS = 5_000;

interface Holder {
  pid: number;
  /** Unix seconds; a holder from an earlier boot is gone, whoever has its pid now. */
  lockedAt: number;
}

export interface HolderChecks {
  pid: number;
  /** Unix seconds of this process's start. */
  startedAt: number;
  runs(pid: number): boolean;
  bootedAt(): number;
}

const systemChecks: HolderChecks = {
  pid: process.pid,
  startedAt: performance.timeOrigin / 1e3,
  runs: isRunning,
  bootedAt: () => Date.now() / 1e3 - uptime(),
};

/**
 * False = another process holds it. Freed when this process exits; after a crash, taken over as soon as no process has the
 * holder's pid. Until then a stranger with that pid keeps it locked: then remove the file.
 */
export function lockByFile(path: string, checks: HolderChecks = systemChecks): boolean {
  if (create(path, checks.pid)) return true;
  const holder = readHolder(path);
  // Created, not yet written: its holder is at it right now.
  if (holder === 'young' || (typeof holder === 'object' && holdsStill(holder, checks))) return false;
  // Two that find it left behind at once: both remove, one creates.
  if (holder !== 'gone') rmSync(path, { force: true });
  return create(path, checks.pid);
}

function create(path: string, pid: number): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(descriptor, JSON.stringify({ pid, lockedAt: Math.floor(Date.now() / 1e3) }));
  } finally {
    closeSync(descriptor);
  }
  process.once('exit', () => release(path, pid));
  return true;
}

function holdsStill(holder: Holder, checks: HolderChecks): boolean {
  // This process itself in an earlier life, when older than it: pids start again at small numbers in containers.
  if (holder.pid === checks.pid) return holder.lockedAt >= checks.startedAt - 1;
  return holder.lockedAt >= checks.bootedAt() - 60 && checks.runs(holder.pid);
}

/** `young`, then `damaged`: it cannot be read. */
function readHolder(path: string): Holder | 'gone' | 'young' | 'damaged' {
  try {
    const { pid, lockedAt } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    if (Number.isSafeInteger(pid) && typeof lockedAt === 'number') return { pid: pid!, lockedAt };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
  }
  const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (modifiedMs === undefined) return 'gone';
  return Date.now() - modifiedMs < WRITTEN_WITHIN_MS ? 'young' : 'damaged';
}

function release(path: string, pid: number): void {
  const holder = readHolder(path);
  if (typeof holder === 'object' && holder.pid === pid) rmSync(path, { force: true });
}

/** EPERM: it runs, as another user. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
