// Reads the file that a process runs through /proc/PID/exe: which file it is, whose, and its hash.
import { createHash } from 'node:crypto';
import { readlinkSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HostError, messageOf } from './host-error.ts';
import type { ExecutableEvidence } from './targets.ts';

const mostBytes = 256n << 20n;
const chunkBytes = 1 << 20;
const mostKnown = 128;
const pathLength = 4_096;
const deleted = ' (deleted)';

interface FileMark {
  device: string;
  inode: string;
  /** Changes with whatever is changed in the file or about it. */
  version: string;
  uid: number;
  mode: number;
  bytes: bigint;
}

export class Executables {
  /** Hashes of files that have not changed since. */
  readonly #known = new Map<string, string>();

  /** Throws HostError when the kernel does not let this process read it; undefined when the process has none any more. */
  async read(pid: number): Promise<ExecutableEvidence | undefined> {
    let file: FileHandle;
    try {
      file = await open(`/proc/${pid}/exe`, 'r');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return undefined;
      throw new HostError('unreadable', `Opening the executable of process ${pid} failed: ${messageOf(cause)}`, {
        retryable: false,
        ...(code && { errno: code }),
        cause,
      });
    }
    try {
      const mark = await markOf(file);
      const path = linkOf(`/proc/${pid}/exe`);
      const { device, inode, uid, mode } = mark;
      return {
        ...{ path, device, inode, uid, mode },
        sha256: await this.#hash(file, mark),
        isHostFile: leadsTo(path, mark),
        inHostMounts: seesHostMounts(pid),
      };
    } finally {
      await file.close();
    }
  }

  async #hash(file: FileHandle, { device, inode, version, bytes }: FileMark): Promise<string> {
    if (bytes > mostBytes) return '';
    const key = `${device} ${inode} ${version}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let at = 0;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, at);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
      if (BigInt(at) > mostBytes) return '';
    }
    const digest = hash.digest('hex');
    // A file that changed while it was read is not remembered.
    if ((await markOf(file)).version === version) this.#remember(key, digest);
    return digest;
  }

  #remember(key: string, digest: string): void {
    if (this.#known.size >= mostKnown) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, digest);
  }
}

async function markOf(file: FileHandle): Promise<FileMark> {
  const { dev, ino, size, mtimeNs, ctimeNs, uid, mode } = await file.stat({ bigint: true });
  return {
    device: String(dev),
    inode: String(ino),
    version: `${size} ${mtimeNs} ${ctimeNs}`,
    uid: Number(uid),
    mode: Number(mode),
    bytes: size,
  };
}

/** Of the agent's own view, and of PID 1's, beside which it may have a container of its own: a process in another has another file there. */
function leadsTo(path: string, mark: FileMark): boolean {
  if (path === '' || path.endsWith(deleted)) return false;
  return isFile(path, mark) || isFile(`/proc/1/root${path}`, mark);
}

function isFile(path: string, { device, inode }: FileMark): boolean {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return String(dev) === device && String(ino) === inode;
  } catch {
    return false;
  }
}

/** Those of PID 1, or of the agent. */
function seesHostMounts(pid: number): boolean {
  const mounts = linkOf(`/proc/${pid}/ns/mnt`);
  return mounts !== '' && (mounts === linkOf('/proc/1/ns/mnt') || mounts === linkOf('/proc/self/ns/mnt'));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path).slice(0, pathLength);
  } catch {
    return '';
  }
}
