// The proof of identity in Hello: a JWT over the collector's nonce. No claim is a time, so a wrong clock does no harm.
import { SignJWT } from 'jose';
import type { Identity } from './identity.ts';

export function signHello(
  identity: Identity,
  to: { collectorId: string; nonce: Uint8Array; machineId: Uint8Array },
): Promise<string> {
  const { thumbprint, privateKey } = identity;
  const claims = {
    iss: thumbprint,
    sub: thumbprint,
    aud: to.collectorId,
    nonce: Buffer.from(to.nonce).toString('base64url'),
    mid: Buffer.from(to.machineId).toString('base64url'),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'Ed25519', typ: 'foretop-agent+jwt', kid: thumbprint })
    .sign(privateKey);
}
