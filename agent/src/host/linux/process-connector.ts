// The kernel's process connector: a netlink socket that tells of each exec and exit on the machine, in the initial namespaces only.
import { HostError } from '../host-error.ts';
import { fixedBytes, type Libc, openLibc, systemCallError } from './libc.ts';

// linux/netlink.h, linux/connector.h, linux/cn_proc.h (Linux 6.18)
const AF_NETLINK = 16;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const NETLINK_CONNECTOR = 11;
const NLMSG_DONE = 3;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_EVENT_NONE = 0;
const PROC_EVENT_EXEC = 2;
const PROC_EVENT_EXIT = 0x80000000;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
const EFD_CLOEXEC = 0o2000000;
/** `struct pollfd`: a descriptor, what is waited for, what came. */
const POLLFD_BYTES = 8;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;

// `struct nlmsghdr`, then `struct cn_msg` without its data, then `struct proc_event`, whose data begin 16 bytes in.
const NLMSG_HEADER = 16;
const CN_HEADER = 20;
const EVENT = NLMSG_HEADER + CN_HEADER;
const EVENT_DATA = EVENT + 16;
const BUFFER_BYTES = 4 << 10;
/** Some 20,000 events, which at most lie here for a second. */
const RECEIVE_BYTES = 8 << 20;

export interface ProcessEvent {
  kind: 'exec' | 'exit';
  pid: number;
  /** CLOCK_MONOTONIC. */
  monotonicUs: number;
}

export interface ConnectorDrain {
  events: number;
  /** How often the kernel said that it dropped events because this socket was full. */
  overflows: number;
  /** It stopped at its bound. */
  more: boolean;
}

export class ProcessConnector implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Makes an end to waiting. */
  readonly #wake: number;
  /** Of the events, and of #wake. */
  readonly #pollfds = fixedBytes(2 * POLLFD_BYTES);
  #waiting = false;
  #closed = false;

  /** Throws HostError: EPERM without CAP_NET_ADMIN; `unreadable` where the kernel does not answer, as in other namespaces. */
  constructor(libc: Libc = openLibc()) {
    this.#libc = libc;
    this.#fd = libc.socket(AF_NETLINK, SOCK_DGRAM_CLOEXEC, NETLINK_CONNECTOR);
    if (this.#fd < 0) throw systemCallError(libc, 'Opening the process connector');
    try {
      this.#subscribe();
      this.#wake = libc.eventfd(0, EFD_CLOEXEC);
      if (this.#wake < 0) throw systemCallError(libc, 'Making a descriptor to end waiting by');
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    const view = new DataView(this.#pollfds.buffer);
    for (const [index, fd] of [this.#fd, this.#wake].entries()) {
      view.setInt32(index * POLLFD_BYTES, fd, true);
      view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
    }
  }

  /** Hands on what has come, without waiting. Threads that exit are passed over. */
  drain(maxEvents: number, visit: (event: ProcessEvent) => void): ConnectorDrain {
    const result: ConnectorDrain = { events: 0, overflows: 0, more: false };
    for (;;) {
      if (result.events >= maxEvents) return { ...result, more: true };
      const length = this.#libc.recv(this.#fd, this.#buffer, BUFFER_BYTES, MSG_DONTWAIT);
      if (length >= 0) {
        result.events++;
        const event = parseProcessEvent(this.#buffer, length);
        if (event) visit(event);
        continue;
      }
      const errno = this.#libc.errnoName();
      if (errno === 'EAGAIN') return result;
      if (errno === 'ENOBUFS') result.overflows++;
      else if (errno !== 'EINTR') throw systemCallError(this.#libc, 'Receiving process events');
    }
  }

  /** Resolves when something has come, the time is over, or it is disposed of; keeps one thread of the pool meanwhile. */
  async wait(timeoutMs: number): Promise<boolean> {
    this.#waiting = true;
    try {
      await this.#libc.poll(this.#pollfds, timeoutMs);
      return new DataView(this.#pollfds.buffer).getInt16(6, true) !== 0;
    } finally {
      this.#waiting = false;
      if (this.#closed) this.#close();
    }
  }

  /** The descriptors are closed when nobody waits on them any more, so that their numbers cannot become another's meanwhile. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting) this.#libc.eventfdWrite(this.#wake, 1);
    else this.#close();
  }

  #close(): void {
    this.#libc.close(this.#fd);
    this.#libc.close(this.#wake);
  }

  #subscribe(): void {
    const size = Buffer.alloc(4);
    size.writeInt32LE(RECEIVE_BYTES);
    if (this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) !== 0)
      this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF, size, 4);
    const own = address(CN_IDX_PROC);
    if (this.#libc.bind(this.#fd, own, own.length) !== 0) throw systemCallError(this.#libc, 'Joining process events');
    // Since Linux 6.6 the kernel filters; before, it passes over a request of that length without a word.
    if (this.#ask(PROC_EVENT_EXEC | PROC_EVENT_EXIT) || this.#ask(undefined)) return;
    throw new HostError('unreadable', 'Asking for process events was not answered', { retryable: false });
  }

  /** Whether the kernel acknowledged: it does so while the request is being sent, or not at all. */
  #ask(events: number | undefined): boolean {
    const request = subscription(events);
    const kernel = address(0);
    if (this.#libc.sendto(this.#fd, request, request.length, 0, kernel, kernel.length) < 0)
      throw systemCallError(this.#libc, 'Asking for process events');
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#buffer, BUFFER_BYTES, MSG_DONTWAIT);
      if (length < 0) return false;
      if (length < EVENT_DATA + 4 || this.#buffer.readUInt32LE(EVENT) !== PROC_EVENT_NONE) continue;
      const refused = this.#buffer.readUInt32LE(EVENT_DATA);
      if (refused === 0) return true;
      throw new HostError('unreadable', `Asking for process events was refused with errno ${refused}`, {
        retryable: false,
      });
    }
  }
}

/** undefined for anything but the exec and the exit of a whole process. */
export function parseProcessEvent(bytes: Buffer, length: number): ProcessEvent | undefined {
  if (length < EVENT_DATA + 8 || bytes.readUInt32LE(NLMSG_HEADER) !== CN_IDX_PROC) return undefined;
  const what = bytes.readUInt32LE(EVENT);
  if (what !== PROC_EVENT_EXEC && what !== PROC_EVENT_EXIT) return undefined;
  const pid = bytes.readUInt32LE(EVENT_DATA + 4);
  // The main thread is named like its process. After an exec of another thread that one is.
  if (what === PROC_EVENT_EXIT && bytes.readUInt32LE(EVENT_DATA) !== pid) return undefined;
  const monotonicUs = Number(bytes.readBigUInt64LE(EVENT + 8) / 1000n);
  return { kind: what === PROC_EVENT_EXEC ? 'exec' : 'exit', pid, monotonicUs };
}

function address(groups: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(groups, 8);
  return bytes;
}

function subscription(events: number | undefined): Buffer {
  const dataBytes = events === undefined ? 4 : 8;
  const bytes = Buffer.alloc(EVENT + dataBytes);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(NLMSG_DONE, 4);
  bytes.writeUInt32LE(process.pid, 12);
  bytes.writeUInt32LE(CN_IDX_PROC, NLMSG_HEADER);
  bytes.writeUInt32LE(CN_VAL_PROC, NLMSG_HEADER + 4);
  bytes.writeUInt16LE(dataBytes, NLMSG_HEADER + 16);
  bytes.writeUInt32LE(PROC_CN_MCAST_LISTEN, EVENT);
  if (events !== undefined) bytes.writeUInt32LE(events >>> 0, EVENT + 4);
  return bytes;
}
