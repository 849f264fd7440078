// One TCP connection to one address that was checked: how it ends, and how long its handshake took.
import { connect, type Socket } from 'node:net';
import { formatAddress } from '@foretop/proto';

export type ConnectOutcome = 'open' | 'refused' | 'timeout' | 'unreachable';

export interface Connected {
  outcome: ConnectOutcome;
  rttUs: number;
  /** errno's name; empty when it is open or timed out. */
  errno: string;
  /** Only when it is open: the caller's to destroy. */
  socket?: Socket;
}

const unreachable = [
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EACCES',
  'EPERM',
  'EADDRNOTAVAIL',
  'EINVAL',
];

/** Rejects when the signal aborts, and with what means that this host is short of something. */
export function connectTcp(
  { address, port, timeoutMs }: { address: Uint8Array; port: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<Connected> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Connected>();
  const startedMs = performance.now();
  const socket = connect({ host: formatAddress(address), port, noDelay: true });
  const stop = () => finish(() => reject(signal.reason as Error));
  const timer = setTimeout(() => finish(() => resolve({ outcome: 'timeout', rttUs: rttUs(), errno: '' })), timeoutMs);
  const rttUs = () => Math.round((performance.now() - startedMs) * 1_000);
  function finish(settle: () => void, isOpen = false): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    if (!isOpen) socket.destroy();
    settle();
  }
  signal.addEventListener('abort', stop, { once: true });
  socket.once('connect', () => finish(() => resolve({ outcome: 'open', rttUs: rttUs(), errno: '', socket }), true));
  // Stays for the life of the socket: an error after the handshake is its user's to see, not the process's to die of.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const errno = error.code ?? '';
    const outcome: ConnectOutcome | undefined =
      errno === 'ECONNREFUSED' || errno === 'ECONNRESET'
        ? 'refused'
        : errno === 'ETIMEDOUT'
          ? 'timeout'
          : unreachable.includes(errno)
            ? 'unreachable'
            : undefined;
    finish(() => (outcome ? resolve({ outcome, rttUs: rttUs(), errno }) : reject(error)));
  });
  return promise;
}
