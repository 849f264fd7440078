// Whether the process numbers under /proc are those by which this process takes hold of others.
import { readFileSync, readlinkSync } from 'node:fs';

export interface OwnNumber {
  /** What getpid(2) says. */
  pid: number;
  /** Where /proc/self leads. */
  link(): string;
  /** The text of /proc/self/status. */
  status(): string;
}

const linuxOwn: OwnNumber = {
  pid: process.pid,
  link: () => readlinkSync('/proc/self'),
  status: () => readFileSync('/proc/self/status', 'latin1'),
};

/**
 * Why they are not, for a person; empty = they are. pidfd_open(2) takes numbers of the caller's PID namespace, /proc shows those
 * of the namespace that it was mounted for. Never throws.
 */
export function foreignNumbers(own: OwnNumber = linuxOwn): string {
  try {
    const { pid } = own;
    // One for each namespace, from that of /proc inwards to the process's own: proc_pid_status(5). The link alone may fit by chance.
    const numbers = /^NSpid:\s*(\d[\d\s]*)$/m.exec(own.status())?.[1]?.trim().split(/\s+/);
    if (numbers === undefined) return 'the kernel does not tell in which PID namespace it runs';
    const isOwn = numbers.length === 1 && numbers[0] === String(pid) && own.link() === String(pid);
    return isOwn ? '' : '/proc is of another PID namespace than the one that it runs in';
  } catch (error) {
    return `/proc cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
