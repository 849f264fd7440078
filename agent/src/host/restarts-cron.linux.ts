// Lines of cron that name a program: /etc/crontab, /etc/cron.d and the users' own tables.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readBounded } from './linux/procfs.ts';
import type { ProcessEvidence, RestartFinding } from './targets.ts';

const table = '/etc/crontab';
const folders = ['/etc/cron.d', '/var/spool/cron/crontabs', '/var/spool/cron'];
const fileBytes = 64 << 10;
const mostFiles = 200;
/** For these the script counts, not the program. */
const interpreter = /(?:^|\/)(?:(?:ba|da|z|k|a)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|php[\d.]*)$/;

export function cronLines(process: ProcessEvidence): RestartFinding {
  const names = programsOf(process);
  const { files, unreadable } = cronFiles();
  const naming = files.filter((path) => namesOne(readBounded(path, fileBytes)?.toString('utf8') ?? '', names));
  const checked = [`cron: ${files.length} files, ${naming.length} of them name it`];
  if (unreadable.length > 0) checked.push(`cron: ${unreadable.join(', ')} not readable`);
  return { by: naming.length === 0 ? '' : `cron (${naming.slice(0, 3).join(', ')})`, checked };
}

/** Absolute paths by which a line of cron would name this process. */
function programsOf({ executable, commandLine }: ProcessEvidence): string[] {
  const path = executable.path.replace(/ \(deleted\)$/, '');
  const scripts = commandLine
    .split(' ')
    .slice(1)
    .filter((word) => word.startsWith('/'));
  return interpreter.test(path) ? scripts.slice(0, 3) : [path].filter(Boolean);
}

function namesOne(text: string, names: readonly string[]): boolean {
  const words = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(/[\s;&|"'()]+/));
  return names.some((name) => words.includes(name));
}

function cronFiles(): { files: string[]; unreadable: string[] } {
  const unreadable: string[] = [];
  const inFolders = folders.flatMap((folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(folder, entry.name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable.push(folder);
      return [];
    }
  });
  return { files: [table, ...inFolders].slice(0, mostFiles), unreadable };
}
