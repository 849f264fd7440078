// Whether a release's list of checksums was signed by the key that this executable was built with.
import { verify } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { ServiceError } from './service-error.ts';

/** A list has some dozen lines. */
const mostBytes = 65_536;
const signatureBytes = 64;

/** `key`: PEM of an Ed25519 public key. Throws ServiceError. */
export function verifyRelease(sumsFile: string, signatureFile: string, key: Uint8Array): void {
  const sums = readBounded(sumsFile);
  const signature = readBounded(signatureFile);
  if (signature.length === signatureBytes && verify(null, sums, Buffer.from(key), signature)) return;
  throw new ServiceError(`'${sumsFile}' is not signed by the key that this agent was built with.`);
}

function readBounded(file: string): Buffer {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(mostBytes + 1);
      const length = readSync(descriptor, buffer);
      if (length > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
      return buffer.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError(`'${file}' cannot be read: ${reason}`, { cause });
  }
}
