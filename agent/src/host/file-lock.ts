// The lock on the data directory: the kernel's on Linux, a file with the holder's pid elsewhere.
import { lockFile as lockByKernel } from './file-lock.linux.ts';
import { lockByFile } from './portable/file-lock.ts';

/** False = another process holds it. `descriptor`: an open file at `path`. */
export function lockFile(descriptor: number, path: string): boolean {
  return process.platform === 'linux' ? lockByKernel(descriptor) : lockByFile(`${path}.pid`);
}
