// The only file that calls into libc; everything else on Linux goes through what it exports.
import koffi, { type LibraryHandle } from 'koffi';
import { HostError } from '../host-error.ts';

type Bytes = Uint8Array;

export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Bytes, length: number): number;
  sendto(fd: number, data: Bytes, length: number, flags: number, address: Bytes, addressLength: number): number;
  recv(fd: number, buffer: Bytes, length: number, flags: number): number;
  setsockopt(fd: number, level: number, option: number, value: Bytes, length: number): number;
  close(fd: number): number;
  pread(fd: number, buffer: Bytes, length: number, offset: number): number;
  /** `struct statx` is 256 bytes, linux/stat.h. */
  statx(directory: number, path: string, flags: number, mask: number, buffer: Bytes): number;
  readlink(path: string, buffer: Bytes, length: number): number;
  clockGettime(clock: number, timespec: Bytes): number;
  sysconf(name: number): number;
  flock(fd: number, operation: number): number;
  /** Moves the calling thread, and no other, into a namespace. */
  setns(fd: number, type: number): number;
  /** poll(2) of one `struct pollfd` in a thread of the pool; the memory must stay until it answers. */
  poll(pollfd: Bytes, timeoutMs: number): Promise<number>;
  /** errno of the last call that failed, as its symbol. */
  errnoName(): string;
}

let loaded: Libc | undefined;

/** The C library of this process, glibc or musl. Throws HostError `libc-missing`. */
export function openLibc(): Libc {
  loaded ??= bindLibc(loadLibrary());
  return loaded;
}

/** An error for a call that returned -1. Call it before anything else touches errno. */
export function systemCallError(libc: Libc, what: string): HostError {
  const errno = libc.errnoName();
  const retryable = errno === 'EINTR' || errno === 'EAGAIN' || errno === 'ENOBUFS' || errno === 'ENOMEM';
  return new HostError('system-call', `${what} failed with ${errno}`, { retryable, errno });
}

function loadLibrary(): LibraryHandle {
  const musl = process.arch === 'arm64' ? 'aarch64' : process.arch === 'x64' ? 'x86_64' : process.arch;
  const names = ['libc.so.6', `libc.musl-${musl}.so.1`];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      continue;
    }
  }
  throw new HostError('libc-missing', `Loading the C library failed: found neither ${names.join(' nor ')}`, {
    retryable: false,
  });
}

function bindLibc(library: LibraryHandle): Libc {
  // EWOULDBLOCK and EOPNOTSUPP are second names for EAGAIN and ENOTSUP.
  const named = Object.entries(koffi.os.errno).filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP');
  const poll = library.func('int poll(void*, unsigned long, int)');
  const names = new Map(named.map(([name, value]) => [value, name]));
  return {
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, const void*, uint32_t)'),
    sendto: library.func('long sendto(int, const void*, size_t, int, const void*, uint32_t)'),
    recv: library.func('long recv(int, void*, size_t, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, const void*, uint32_t)'),
    close: library.func('int close(int)'),
    pread: library.func('long pread(int, void*, size_t, long)'),
    statx: library.func('int statx(int, const char*, int, unsigned int, void*)'),
    readlink: library.func('long readlink(const char*, void*, size_t)'),
    clockGettime: library.func('int clock_gettime(int, void*)'),
    sysconf: library.func('long sysconf(int)'),
    flock: library.func('int flock(int, int)'),
    setns: library.func('int setns(int, int)'),
    poll: (pollfd, timeoutMs) =>
      new Promise((resolve, reject) => {
        poll.async(pollfd, 1, timeoutMs, (error: Error | null, ready: number) =>
          error ? reject(error) : resolve(ready),
        );
      }),
    errnoName: () => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
  };
}
