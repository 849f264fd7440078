// What a program left running: processes that name a folder on their command line or stand in it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One line a process. */
export function processesOf(folder: string): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return ids.flatMap((id) => {
    const command = textOf(() => readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
    const cwd = textOf(() => readlinkSync(`/proc/${id}/cwd`));
    return command.includes(folder) || cwd.startsWith(folder) ? [`${id} ${command} (in ${cwd})`] : [];
  });
}

/** Empty for a process that ended meanwhile, and for zombies. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
