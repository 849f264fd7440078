// The kernel's sockets of half-open TCP connections in this network namespace (request sockets), by netlink.
import { DiagSocket, type MessageHandler } from './netlink.ts';
import { dumpRequest, IPPROTO_TCP } from './sock-diag.ts';

// net/tcp_states.h: the kernel takes this for both kinds of sockets that got a SYN (inet_diag_dump_icsk).
const SYN_RECEIVED_BIT = 1 << 3;
const INET_DIAG_MSG = 72;
const RECEIVE_BYTES = 1 << 20;
const families = [2, 10] as const; // AF_INET, AF_INET6

/** `struct inet_diag_msg`, overwritten by the next. */
export interface HalfOpenMessage {
  family: number;
  localPort: number;
  local: Uint32Array;
  remote: Uint32Array;
  /** idiag_retrans: how often the answer was sent again. */
  repeats: number;
}

export interface HalfOpenDump extends Disposable {
  /** Those of both families; `restart` says: forget what of `family` was visited. Throws HostError. */
  each(visit: (message: HalfOpenMessage) => void, restart: (family: number) => void): void;
}

/** Throws HostError. */
export function openHalfOpenDump(): HalfOpenDump {
  const socket = new DiagSocket({ receiveBytes: RECEIVE_BYTES });
  const message = { family: 0, localPort: 0, local: new Uint32Array(4), remote: new Uint32Array(4), repeats: 0 };
  const requests = families.map((family) => ({ family, request: dumpRequest(family, IPPROTO_TCP, SYN_RECEIVED_BIT) }));
  const read: MessageHandler = (words, bytes, offset) => {
    message.family = bytes[offset]!;
    message.repeats = bytes[offset + 3]!;
    message.localPort = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
    const word = offset >> 2;
    for (let i = 0; i < 4; i++) {
      message.local[i] = words[word + 2 + i]!;
      message.remote[i] = words[word + 6 + i]!;
    }
  };
  return {
    each(visit, restart) {
      for (const { family, request } of requests)
        socket.dump(
          request,
          () => restart(family),
          (words, bytes, offset, end) => {
            if (end - offset < INET_DIAG_MSG) return;
            read(words, bytes, offset, end);
            visit(message);
          },
        );
    },
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}
