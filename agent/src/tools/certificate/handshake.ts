// One TLS handshake with a server whose certificate is looked at, not believed.
import type { Socket } from 'node:net';
import { connect, getCACertificates, type SecureVersion, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import type { CertificateParameters } from '@foretop/proto/tools';
import { connectTcp } from '../tcp-connect.ts';
import { startTls } from './start-tls.ts';

const connectMs = 5_000;
const handshakeMs = 8_000;

export interface HandshakeOptions {
  address: Uint8Array;
  port: number;
  /** Sent as SNI unless it is an address; empty = none is sent. */
  serverName: string;
  startTls: CertificateParameters['startTls'];
  /** Only this version, with whatever ciphers there are. */
  version?: SecureVersion;
}

/** Resolves with the connection, which is the caller's to destroy. Rejects with what failed. */
export async function shakeHands(options: HandshakeOptions, signal: AbortSignal): Promise<TLSSocket> {
  const { address, port, startTls: before } = options;
  const { outcome, errno, socket } = await connectTcp({ address, port, timeoutMs: connectMs }, signal);
  if (!socket) throw new Error(outcome === 'timeout' ? 'no connection in time' : `no connection: ${errno}`);
  try {
    if (before !== 'none') await startTls(socket, before, signal);
    return await secure(socket, options, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function secure(socket: Socket, { serverName, version }: HandshakeOptions, signal: AbortSignal): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secured = connect({
    socket,
    rejectUnauthorized: false,
    // The name is judged by itself: the verdict is to be about the chain.
    checkServerIdentity: () => undefined,
    ca: trustedRoots(),
    ...(serverName !== '' && isIP(serverName) === 0 && { servername: serverName }),
    ...(version
      ? { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' }
      : { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  });
  const timer = setTimeout(() => reject(new Error('the handshake did not end in time')), handshakeMs);
  const stop = () => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  secured.on('error', reject);
  secured.once('close', () => reject(new Error('the server closed the connection during the handshake')));
  secured.once('secureConnect', () => resolve(secured));
  return promise
    .catch((error: unknown) => {
      secured.destroy();
      throw error;
    })
    .finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
}

let roots: string[] | undefined;

/** Those of the host; a host without any has those that Node brings along. Read once: a new root counts after a restart. */
export function trustedRoots(): string[] {
  if (roots) return roots;
  const own = getCACertificates('system');
  return (roots = own.length > 0 ? own : getCACertificates('bundled'));
}
