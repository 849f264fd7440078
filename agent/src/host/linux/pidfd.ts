// A process held by descriptor (pidfd_open(2)): whatever its number comes to mean, signals reach this process or nobody.
import { HostError } from '../host-error.ts';
import { fixedBytes, type Libc, openLibc, systemCallError } from './libc.ts';

// poll.h
const POLLIN = 1;
const POLLFD_BYTES = 8;
const REVENTS_OFFSET = 6;

export class ProcessHandle implements Disposable {
  readonly pid: number;
  readonly #libc: Libc;
  readonly #fd: number;
  #isOpen = true;

  constructor(libc: Libc, pid: number, fd: number) {
    this.#libc = libc;
    this.pid = pid;
    this.#fd = fd;
  }

  /** False when it has ended and was waited for. Throws HostError, EPERM when this user may not. */
  signal(signal: number): boolean {
    if (this.#libc.pidfdSendSignal(this.#fd, signal) === 0) return true;
    if (this.#libc.errnoName() === 'ESRCH') return false;
    throw systemCallError(this.#libc, `Sending signal ${signal} to process ${this.pid}`);
  }

  /** Whether its number still means this process: as long as it was not waited for, nobody else gets it. */
  keepsPid(): boolean {
    try {
      return this.signal(0);
    } catch (error) {
      if (error instanceof HostError && error.errno === 'EPERM') return true;
      throw error;
    }
  }

  /** A process that nobody has waited for (a zombie) has ended too. */
  async hasEnded(): Promise<boolean> {
    const pollfd = fixedBytes(POLLFD_BYTES);
    const view = new DataView(pollfd.buffer);
    view.setInt32(0, this.#fd, true);
    view.setInt16(4, POLLIN, true);
    await this.#libc.poll(pollfd, 0);
    return (view.getInt16(REVENTS_OFFSET, true) & POLLIN) !== 0;
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#libc.close(this.#fd);
    this.#isOpen = false;
  }
}

/** undefined when there is no such process. Throws HostError, ENOSYS before Linux 5.3. */
export function openProcessHandle(pid: number, libc: Libc = openLibc()): ProcessHandle | undefined {
  const fd = libc.pidfdOpen(pid, 0);
  if (fd >= 0) return new ProcessHandle(libc, pid, fd);
  const errno = libc.errnoName();
  // EINVAL, since Linux 6.16 ENOENT: the number is of a thread that is no process.
  if (errno === 'ESRCH' || errno === 'EINVAL' || errno === 'ENOENT') return undefined;
  throw systemCallError(libc, `pidfd_open(${pid})`);
}
