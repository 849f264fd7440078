// Files of the agent's own, in its private folder: replaced whole, and believed only when nobody else can have written them.
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const othersMayTouch = 0o077;
/** Windows keeps lists of rights, which modes do not show. */
const modesTell = process.platform !== 'win32';

/** A reader meets the old content or the new, also after a crash of the machine. */
export function replacePrivateFile(path: string, content: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, path);
}

/** undefined when there is none. Throws for one that is no file of this user's alone, and what the file system says. */
export function readPrivateFile(path: string, mostBytes: number): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, uid, size } = fstatSync(descriptor);
    const isOwn = !modesTell || ((mode & othersMayTouch) === 0 && uid === process.getuid?.());
    if (!isOwn) throw new Error(`'${path}' must belong to this user alone, mode 600`);
    if (size > mostBytes) throw new Error(`'${path}' has ${size} bytes, at most ${mostBytes} are expected`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
