// Tells systemd how the service is: sd_notify(3), datagrams to the socket that NOTIFY_SOCKET names.
import { openLibc, systemCallError, type Libc } from '../host/linux/libc.ts';

// sys/socket.h, sys/un.h
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const pathLength = 108;

export interface Notifier extends Disposable {
  /** A look at the host is done: the first one says that the service runs, each further one feeds the watchdog. */
  looked(): void;
  stopping(): void;
}

const silent: Notifier = { looked() {}, stopping() {}, [Symbol.dispose]() {} };

/** `address`: a path, or `@name` for an abstract socket; undefined: nobody listens. Throws HostError. */
export function openNotifier(address: string | undefined): Notifier {
  if (address === undefined) return silent;
  const target = socketAddress(address);
  const libc = openLibc();
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw systemCallError(libc, 'socket(AF_UNIX)');
  let isReady = false;
  const send = (state: string) => sendState(libc, descriptor, target, state);
  return {
    looked() {
      send(isReady ? 'WATCHDOG=1' : 'READY=1\nSTATUS=Watching this host.');
      isReady = true;
    },
    stopping: () => send('STOPPING=1'),
    [Symbol.dispose]: () => void libc.close(descriptor),
  };
}

/** A message that does not arrive is repeated by the next one, and a missing one is what the watchdog is for. */
function sendState(libc: Libc, descriptor: number, target: Uint8Array, state: string): void {
  const data = Buffer.from(state);
  libc.sendto(descriptor, data, data.length, 0, target, target.length);
}

/** `struct sockaddr_un`, as long as its path: unix(7). */
function socketAddress(address: string): Uint8Array {
  const path = Buffer.from(address);
  if (!/^[/@]/.test(address) || path.length >= pathLength)
    throw new Error(`NOTIFY_SOCKET is '${address}'; a path or an abstract name below ${pathLength} bytes is required.`);
  const bytes = Buffer.alloc(2 + path.length);
  bytes.writeUInt16LE(AF_UNIX, 0);
  path.copy(bytes, 2);
  if (address.startsWith('@')) bytes[2] = 0;
  return bytes;
}
