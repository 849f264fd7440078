// The only file that calls into libc; everything else on Linux goes through what it exports.
import koffi, { type LibraryHandle } from 'koffi';
import { HostError } from '../host-error.ts';

type Bytes = Uint8Array;

// asm/unistd_64.h (x86-64), asm-generic/unistd.h (arm64)
const SYS_BPF = process.arch === 'x64' ? 321 : 280;
const SYS_GETDENTS64 = process.arch === 'x64' ? 217 : 61;
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const SYS_PIDFD_OPEN = 434;
const SYS_LANDLOCK_CREATE_RULESET = 444;
const SYS_LANDLOCK_ADD_RULE = 445;
const SYS_LANDLOCK_RESTRICT_SELF = 446;
// linux/mount.h
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
// bits/mman.h
const MAP_SHARED = 1;
const MAP_FAILED = -1n;

export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Bytes, length: number): number;
  /** A connected socket takes no address: null. */
  sendto(fd: number, data: Bytes, length: number, flags: number, address: Bytes | null, addressLength: number): number;
  /** connect(2); a datagram socket then only hears that peer. */
  connect(fd: number, address: Bytes, length: number): number;
  getsockname(fd: number, address: Bytes, length: Uint32Array): number;
  /** `header` is a `struct msghdr` that must not be on the garbage collector's heap, and nor may what it points to (`fixedBytes`). */
  recvmsg(fd: number, header: Bytes, flags: number): number;
  recv(fd: number, buffer: Bytes, length: number, flags: number): number;
  setsockopt(fd: number, level: number, option: number, value: Bytes, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Bytes, length: Uint32Array): number;
  /** if_nametoindex(3); 0 = there is none of that name. */
  interfaceIndex(name: string): number;
  close(fd: number): number;
  pread(fd: number, buffer: Bytes, length: number, offset: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  /** getdents64(2): whole `struct linux_dirent64`s, 0 at the end. */
  getdents(fd: number, buffer: Bytes, length: number): number;
  /** `struct statx` is 256 bytes, linux/stat.h. */
  statx(directory: number, path: string, flags: number, mask: number, buffer: Bytes): number;
  readlink(path: string, buffer: Bytes, length: number): number;
  clockGettime(clock: number, timespec: Bytes): number;
  sysconf(name: number): number;
  flock(fd: number, operation: number): number;
  /** pidfd_open(2), Linux 5.3. */
  pidfdOpen(pid: number, flags: number): number;
  /** pidfd_send_signal(2), Linux 5.1; 0 asks only whether it could be sent. */
  pidfdSendSignal(fd: number, signal: number): number;
  /** `struct rlimit` is two 64-bit numbers. */
  setrlimit(resource: number, limit: Bytes): number;
  /** Moves the calling thread, and no other, into a namespace. */
  setns(fd: number, type: number): number;
  /** poll(2) of `struct pollfd`s of 8 bytes in a thread of the pool; the memory must stay until it answers. */
  poll(pollfds: Bytes, timeoutMs: number): Promise<number>;
  /** eventfd(2), and eventfd_write(3), which makes it readable. */
  eventfd(initial: number, flags: number): number;
  eventfdWrite(fd: number, value: number): number;
  /** bpf(2); `attributes` is a `union bpf_attr` that must not be on the garbage collector's heap (`fixedBytes`). */
  bpf(command: number, attributes: Bytes, length: number): number;
  /** A descriptor of the root of a file system of this type, which is mounted nowhere; -1 without CAP_SYS_ADMIN. */
  mountNowhere(type: string): number;
  /** mmap(2) of a descriptor, shared. @throws HostError. Nothing may touch the memory after `unmap`. */
  map(fd: number, length: number, protection: number, offset: number): MappedMemory;
  /** madvise(2) of this process's own memory. */
  madvise(address: bigint, length: number, advice: number): number;
  /** malloc_trim(3), where the library has it. */
  mallocTrim(): void;
  /** mallopt(3), where the library has it. */
  mallopt(parameter: number, value: number): void;
  /** prctl(2); many options count for the calling thread alone, and for what it starts. */
  prctl(option: number, second: number, third: number, fourth: number, fifth: number): number;
  /** capset(2) of the calling thread. */
  capset(header: Bytes, data: Bytes): number;
  /** landlock(7). */
  landlockCreateRuleset(attributes: Bytes | null, length: number, flags: number): number;
  landlockAddRule(ruleset: number, type: number, rule: Bytes, flags: number): number;
  landlockRestrictSelf(ruleset: number, flags: number): number;
  /** Where the bytes are; only of `fixedBytes`, and only while those are referenced. */
  addressOf(bytes: Bytes): bigint;
  /** errno of the last call that failed, as its symbol. */
  errnoName(): string;
}

export interface MappedMemory {
  readonly memory: ArrayBuffer;
  unmap(): void;
}

/** Memory that keeps its address, for structures that point to each other. */
export function fixedBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(Math.max(8, length)), 0, length);
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
  const systemCall = library.func('long syscall(long, long, void*, long)');
  const errnoName = () => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
  return {
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, const void*, uint32_t)'),
    sendto: library.func('long sendto(int, const void*, size_t, int, const void*, uint32_t)'),
    connect: library.func('int connect(int, const void*, uint32_t)'),
    getsockname: library.func('int getsockname(int, void*, void*)'),
    recvmsg: library.func('long recvmsg(int, void*, int)'),
    recv: library.func('long recv(int, void*, size_t, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, const void*, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, void*, void*)'),
    interfaceIndex: library.func('unsigned int if_nametoindex(const char*)'),
    close: library.func('int close(int)'),
    pread: library.func('long pread(int, void*, size_t, long)'),
    lseek: library.func('long lseek(int, long, int)'),
    getdents: (fd, buffer, length) => systemCall(SYS_GETDENTS64, fd, buffer, length),
    statx: library.func('int statx(int, const char*, int, unsigned int, void*)'),
    readlink: library.func('long readlink(const char*, void*, size_t)'),
    clockGettime: library.func('int clock_gettime(int, void*)'),
    sysconf: library.func('long sysconf(int)'),
    flock: library.func('int flock(int, int)'),
    ...bindPidfd(library),
    setrlimit: library.func('int setrlimit(int, const void*)'),
    setns: library.func('int setns(int, int)'),
    eventfd: library.func('int eventfd(unsigned int, int)'),
    eventfdWrite: library.func('int eventfd_write(int, uint64_t)'),
    poll: (pollfds, timeoutMs) =>
      new Promise((resolve, reject) => {
        poll.async(pollfds, pollfds.length >> 3, timeoutMs, (error: Error | null, ready: number) =>
          error ? reject(error) : resolve(ready),
        );
      }),
    bpf: (command, attributes, length) => systemCall(SYS_BPF, command, attributes, length),
    mountNowhere: bindMountNowhere(library),
    map: bindMap(library, errnoName),
    madvise: library.func('int madvise(uint64_t, size_t, int)'),
    mallocTrim: bindMallocTrim(library),
    mallopt: bindMallopt(library),
    prctl: library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    capset: library.func('int capset(void*, const void*)'),
    ...bindLandlock(library),
    addressOf: (bytes) => koffi.address(bytes) as bigint,
    errnoName,
  };
}

function bindPidfd(library: LibraryHandle): Pick<Libc, 'pidfdOpen' | 'pidfdSendSignal'> {
  const open = library.func('long syscall(long, int, uint32_t)');
  const send = library.func('long syscall(long, int, int, void*, uint32_t)');
  return {
    pidfdOpen: (pid, flags) => open(SYS_PIDFD_OPEN, pid, flags),
    pidfdSendSignal: (fd, signal) => send(SYS_PIDFD_SEND_SIGNAL, fd, signal, null, 0),
  };
}

function bindLandlock(
  library: LibraryHandle,
): Pick<Libc, 'landlockCreateRuleset' | 'landlockAddRule' | 'landlockRestrictSelf'> {
  const create = library.func('long syscall(long, const void*, size_t, uint32_t)');
  const addRule = library.func('long syscall(long, int, int, const void*, uint32_t)');
  const restrictSelf = library.func('long syscall(long, int, uint32_t)');
  return {
    landlockCreateRuleset: (attributes, length, flags) =>
      create(SYS_LANDLOCK_CREATE_RULESET, attributes, length, flags),
    landlockAddRule: (ruleset, type, rule, flags) => addRule(SYS_LANDLOCK_ADD_RULE, ruleset, type, rule, flags),
    landlockRestrictSelf: (ruleset, flags) => restrictSelf(SYS_LANDLOCK_RESTRICT_SELF, ruleset, flags),
  };
}

function bindMallocTrim(library: LibraryHandle): () => void {
  try {
    const trim = library.func('int malloc_trim(size_t)');
    return () => void trim(0);
  } catch {
    return () => {}; // musl
  }
}

function bindMallopt(library: LibraryHandle): Libc['mallopt'] {
  try {
    const mallopt = library.func('int mallopt(int, int)');
    return (parameter, value) => void mallopt(parameter, value);
  } catch {
    return () => {}; // musl
  }
}

function bindMountNowhere(library: LibraryHandle): Libc['mountNowhere'] {
  const fsopen = library.func('long syscall(long, const char*, uint32_t)');
  const fsconfig = library.func('long syscall(long, int, uint32_t, void*, void*, int)');
  const fsmount = library.func('long syscall(long, int, uint32_t, uint32_t)');
  const close = library.func('int close(int)');
  return (type) => {
    const context = fsopen(SYS_FSOPEN, type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    const made = fsconfig(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0) === 0;
    const root = made ? fsmount(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC, 0) : -1;
    close(context);
    return root;
  };
}

function bindMap(library: LibraryHandle, errnoName: () => string): Libc['map'] {
  const mmap = library.func('void* mmap(void*, size_t, int, int, int, long)');
  const munmap = library.func('int munmap(void*, size_t)');
  return (fd, length, protection, offset) => {
    const pointer = mmap(null, length, protection, MAP_SHARED, fd, offset);
    if (BigInt.asIntN(64, koffi.address(pointer) as bigint) === MAP_FAILED) {
      const errno = errnoName();
      throw new HostError('system-call', `Mapping ${length} bytes failed with ${errno}`, { retryable: false, errno });
    }
    return { memory: koffi.view(pointer, length) as ArrayBuffer, unmap: () => void munmap(pointer, length) };
  };
}
