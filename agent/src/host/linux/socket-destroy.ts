// Finds one TCP socket by both of its ends, and cuts it: SOCK_DESTROY of sock_diag (linux/sock_diag.h, Linux 4.5).
import { HostError } from '../host-error.ts';
import { type Libc, openLibc, systemCallError } from './libc.ts';
import { createSocketMessage, readSocketMessage, type SocketMessage } from './sock-message.ts';

// linux/netlink.h, linux/socket.h, linux/sock_diag.h, linux/inet_diag.h
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLMSG_ERROR = 2;
const SOCK_DIAG_BY_FAMILY = 20;
const SOCK_DESTROY = 21;
const INET_DIAG_NOCOOKIE = 0xffffffff;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const headerBytes = 16;
const requestBytes = 72;
const answerSeconds = 2;
// asm-generic/errno-base.h
const errnoNames: Record<number, string> = { 1: 'EPERM', 2: 'ENOENT', 22: 'EINVAL', 95: 'EOPNOTSUPP', 116: 'ESTALE' };
const gone = new Set(['ENOENT', 'ESTALE']);
/** TIME_WAIT and CLOSE, include/net/tcp_states.h. */
const ended = new Set([6, 7]);

export interface SocketEnds {
  /** Both of 4 bytes or both of 16. */
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
}

/** Asks about the sockets of the network namespace that it was opened in, also later from another. */
export class SocketDestroyer implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #received = new Uint8Array(32 << 10);
  readonly #words = new Uint32Array(this.#received.buffer);
  readonly #kernel = new Uint8Array([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  #sequence = 0;

  /** Throws HostError. */
  constructor(libc: Libc = openLibc()) {
    this.#libc = libc;
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
    if (this.#fd < 0) throw systemCallError(libc, 'Opening a sock_diag netlink socket');
    const timeout = new Uint8Array(new BigInt64Array([BigInt(answerSeconds), 0n]).buffer);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
  }

  /** The very socket with both ends, never one that only listens or that has ended. Throws HostError. `cookie` 0 = whichever. */
  find(ends: SocketEnds, cookie: number): SocketMessage | undefined {
    const answer = this.#ask(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, ends, cookie);
    if (answer === undefined) return undefined;
    const isIt = answer.localPort === ends.localPort && answer.remotePort === ends.remotePort;
    return isIt && answer.remotePort !== 0 && !ended.has(answer.state) ? answer : undefined;
  }

  /** False = it was gone already. Throws HostError: EPERM without CAP_NET_ADMIN, EOPNOTSUPP where the kernel was built without. */
  destroy(ends: SocketEnds, cookie: number): boolean {
    if (cookie === 0)
      throw new RangeError('cookie must be known: it tells this socket from the next with the same ends');
    return this.#ask(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, ends, cookie) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  /** undefined = there is no such socket. An acknowledgement without contents gives an empty message. */
  #ask(type: number, flags: number, ends: SocketEnds, cookie: number): SocketMessage | undefined {
    const request = requestFor(type, flags, ++this.#sequence, ends, cookie);
    if (this.#libc.sendto(this.#fd, request, request.length, 0, this.#kernel, this.#kernel.length) < 0)
      throw systemCallError(this.#libc, 'Asking for a socket');
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#received, this.#received.length, 0);
      if (length < 0) {
        if (this.#libc.errnoName() === 'EINTR') continue;
        throw systemCallError(this.#libc, 'Receiving the answer about a socket');
      }
      if (length < headerBytes + 4 || this.#words[2] !== this.#sequence) continue; // of an earlier question
      const message = createSocketMessage();
      if ((this.#words[1]! & 0xffff) !== NLMSG_ERROR) {
        return readSocketMessage(this.#words, this.#received, headerBytes, length, IPPROTO_TCP, message)
          ? message
          : undefined;
      }
      const code = -(this.#words[4]! | 0);
      if (code === 0) return message;
      const errno = errnoNames[code] ?? `errno ${code}`;
      if (gone.has(errno)) return undefined;
      throw new HostError('netlink-refused', `The kernel refused with ${errno}`, { retryable: false, errno });
    }
  }
}

/** `struct nlmsghdr`, `struct inet_diag_req_v2` with its `struct inet_diag_sockid`: ports and addresses in network order. */
function requestFor(type: number, flags: number, sequence: number, ends: SocketEnds, cookie: number): Uint8Array {
  const request = new Uint8Array(requestBytes);
  const view = new DataView(request.buffer);
  view.setUint32(0, requestBytes, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  request[16] = ends.localAddress.length === 4 ? AF_INET : AF_INET6;
  request[17] = IPPROTO_TCP;
  view.setUint32(20, 0xffffffff, true);
  view.setUint16(24, ends.localPort, false);
  view.setUint16(26, ends.remotePort, false);
  request.set(ends.localAddress, 28);
  request.set(ends.remoteAddress, 44);
  view.setUint32(64, cookie === 0 ? INET_DIAG_NOCOOKIE : cookie >>> 0, true);
  view.setUint32(68, cookie === 0 ? INET_DIAG_NOCOOKIE : Math.floor(cookie / 2 ** 32), true);
  return request;
}
