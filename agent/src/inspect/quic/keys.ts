// Keys of Initial packets, which everybody can compute from the client's connection id (RFC 9001, section 5.2).
import { createHmac } from 'node:crypto';
import type { InitialScheme } from './versions.ts';

export interface InitialKeys {
  key: Buffer;
  iv: Buffer;
  headerProtection: Buffer;
}

/** For packets that the client sends. */
export function clientInitialKeys(scheme: InitialScheme, destinationId: Uint8Array): InitialKeys {
  const initial = hmac(scheme.salt, destinationId);
  const client = expandLabel(initial, 'client in', 32);
  return {
    key: expandLabel(client, `${scheme.labelPrefix} key`, 16),
    iv: expandLabel(client, `${scheme.labelPrefix} iv`, 12),
    headerProtection: expandLabel(client, `${scheme.labelPrefix} hp`, 16),
  };
}

/** HKDF-Expand-Label of RFC 8446, section 7.1, without context; one block of SHA-256 is enough for each of them. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  return hmac(secret, expansionInfo(label, length)).subarray(0, length);
}

const infos = new Map<string, Buffer>();

function expansionInfo(label: string, length: number): Buffer {
  let info = infos.get(label);
  if (!info) {
    const text = Buffer.from(`tls13 ${label}`, 'latin1');
    info = Buffer.concat([Buffer.from([0, length, text.length]), text, Buffer.from([0, 1])]);
    infos.set(label, info);
  }
  return info;
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
