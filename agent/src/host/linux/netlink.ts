// A netlink socket of the sock_diag family: requests, dumps and multicast, handed on message by message.
import { HostError } from '../host-error.ts';
import { type Libc, openLibc, systemCallError } from './libc.ts';

// linux/netlink.h, linux/socket.h
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_HEADER = 16;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;

// The kernel fills at most 32 KB a read of a dump (NETLINK_RECVMSG, net/netlink/af_netlink.c); twice that never truncates.
const BUFFER_BYTES = 64 << 10;
// All sockets read into one buffer: each read is handled to its end before the next.
const received = new Uint8Array(BUFFER_BYTES);
const receivedWords = new Uint32Array(received.buffer);
const ANSWER_TIMEOUT_S = 2;
const DUMP_ATTEMPTS = 3;

/** A view of received bytes; valid only until the handler returns. `offset` and `end` bound the payload after the header. */
export type MessageHandler = (words: Uint32Array, bytes: Uint8Array, offset: number, end: number) => void;

export interface DrainResult {
  messages: number;
  /** How often the kernel said that it dropped messages because this socket was full. */
  overflows: number;
}

export class DiagSocket implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #bytes = received;
  readonly #words = receivedWords;
  readonly #kernel = address(0);
  #sequence = 0;

  /** `groups` is the bit mask of multicast groups to join, 0 for none. Throws HostError. */
  constructor(options: { groups?: number; receiveBytes: number; libc?: Libc }) {
    this.#libc = options.libc ?? openLibc();
    this.#fd = this.#libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
    if (this.#fd < 0) throw systemCallError(this.#libc, 'Opening a sock_diag netlink socket');
    try {
      this.#setReceiveBuffer(options.receiveBytes);
      this.#setTimeout();
      if (options.groups) this.#join(options.groups);
    } catch (error) {
      this.#libc.close(this.#fd);
      throw error;
    }
  }

  /** Sends a dump request and hands on each answer. A dump that the kernel calls inconsistent is begun again via `restart`. */
  dump(request: Uint8Array, restart: () => void, handle: MessageHandler): void {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      this.#send(request);
      if (this.#receiveDump(handle)) return;
      restart();
    }
    throw new HostError('dump-interrupted', `Socket dump changed under the reader ${DUMP_ATTEMPTS} times in a row`, {
      retryable: true,
    });
  }

  /** Hands on what multicast has brought, without waiting; at most `maxMessages`. */
  drain(maxMessages: number, handle: MessageHandler): DrainResult {
    const result: DrainResult = { messages: 0, overflows: 0 };
    while (result.messages < maxMessages) {
      const length = this.#libc.recv(this.#fd, this.#bytes, BUFFER_BYTES, MSG_DONTWAIT);
      if (length >= 0) {
        result.messages++;
        this.#each(length, undefined, (type, _flags, offset, end) => {
          if (type !== NLMSG_ERROR && type !== NLMSG_DONE) handle(this.#words, this.#bytes, offset, end);
          return true;
        });
        continue;
      }
      const errno = this.#libc.errnoName();
      if (errno === 'EAGAIN') break;
      if (errno === 'ENOBUFS') result.overflows++;
      else if (errno !== 'EINTR') throw systemCallError(this.#libc, 'Receiving socket events');
    }
    return result;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  #send(request: Uint8Array): void {
    const header = new DataView(request.buffer, request.byteOffset, request.byteLength);
    header.setUint32(0, request.length, true);
    header.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true);
    header.setUint32(8, ++this.#sequence, true);
    if (this.#libc.sendto(this.#fd, request, request.length, 0, this.#kernel, this.#kernel.length) < 0)
      throw systemCallError(this.#libc, 'Asking for a socket dump');
  }

  /** False when the kernel marked the dump as inconsistent. */
  #receiveDump(handle: MessageHandler): boolean {
    let consistent = true;
    let done = false;
    while (!done) {
      const length = this.#receive();
      this.#each(length, this.#sequence, (type, flags, offset, end) => {
        if (flags & NLM_F_DUMP_INTR) consistent = false;
        if (type === NLMSG_ERROR) throw refusal(this.#words[offset >> 2]! | 0);
        if (type === NLMSG_DONE) done = true;
        else handle(this.#words, this.#bytes, offset, end);
        return !done;
      });
    }
    return consistent;
  }

  #receive(): number {
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#bytes, BUFFER_BYTES, 0);
      if (length >= 0) return length;
      const errno = this.#libc.errnoName();
      if (errno === 'EINTR') continue;
      if (errno !== 'EAGAIN') throw systemCallError(this.#libc, 'Receiving a socket dump');
      throw new HostError('netlink-timeout', `Socket dump: no answer within ${ANSWER_TIMEOUT_S} s`, {
        retryable: true,
      });
    }
  }

  /** Walks the messages of one datagram; of a dump only those with its sequence number, not an abandoned one's. */
  #each(
    length: number,
    expected: number | undefined,
    visit: (type: number, flags: number, offset: number, end: number) => boolean,
  ): void {
    let at = 0;
    while (at + NLMSG_HEADER <= length) {
      const word = at >> 2;
      const size = this.#words[word]!;
      if (size < NLMSG_HEADER || at + size > length) {
        throw new HostError('malformed', `Netlink message of ${size} bytes at ${at} of ${length}: must fit`, {
          retryable: true,
        });
      }
      const sequence = this.#words[word + 2]!;
      const typeAndFlags = this.#words[word + 1]!;
      if (expected === undefined || sequence === expected) {
        if (!visit(typeAndFlags & 0xffff, typeAndFlags >>> 16, at + NLMSG_HEADER, at + size)) return;
      }
      at += (size + 3) & ~3;
    }
  }

  #setReceiveBuffer(bytes: number): void {
    const value = new Uint8Array(new Int32Array([bytes]).buffer);
    if (this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, value, 4) !== 0)
      this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF, value, 4);
  }

  #setTimeout(): void {
    const value = new Uint8Array(new BigInt64Array([BigInt(ANSWER_TIMEOUT_S), 0n]).buffer);
    if (this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, value, value.length) !== 0)
      throw systemCallError(this.#libc, 'Setting the timeout of a netlink socket');
  }

  #join(groups: number): void {
    const own = address(groups);
    if (this.#libc.bind(this.#fd, own, own.length) !== 0)
      throw systemCallError(this.#libc, 'Joining the multicast groups for closed sockets');
  }
}

/** `struct sockaddr_nl`; port id 0 is the kernel as a peer, "choose one" as one's own. */
function address(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}

// asm-generic/errno-base.h; what sock_diag answers with.
const refusals: Record<number, string> = { 1: 'EPERM', 2: 'ENOENT', 12: 'ENOMEM', 16: 'EBUSY', 22: 'EINVAL' };

function refusal(code: number): HostError {
  const errno = refusals[-code] ?? `errno ${-code}`;
  const hint = errno === 'ENOENT' ? ': the kernel lacks this protocol’s diag module' : '';
  return new HostError('netlink-refused', `The kernel refused the socket dump with ${errno}${hint}`, {
    retryable: errno === 'ENOMEM' || errno === 'EBUSY',
    errno,
  });
}
