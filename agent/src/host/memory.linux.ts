// Memory in use, out of /proc/meminfo.
import { RereadFile } from './linux/procfs.ts';

export interface Memory {
  totalBytes: number;
  usedBytes: number;
}

/** Used is what is not available to a new program without swapping: page cache is not in use. Undefined without the fields. */
export function parseMemory(text: string): Memory | undefined {
  const kilobytes = (name: string): number | undefined => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return match ? Number(match[1]) : undefined;
  };
  const total = kilobytes('MemTotal');
  // MemAvailable is there since Linux 3.14.
  const available = kilobytes('MemAvailable');
  if (total === undefined || available === undefined) return undefined;
  return { totalBytes: total * 1024, usedBytes: Math.max(0, total - available) * 1024 };
}

export interface MemoryReader extends Disposable {
  read(): Memory | undefined;
}

export function openMemory(path = '/proc/meminfo'): MemoryReader {
  const file = new RereadFile(path);
  return {
    read: () => parseMemory(file.read().toString('latin1', 0, 512)),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
