// Who an agent is: its signature over this connection's challenge, by a key that is known or that comes with an enrolment token.
import { type Hello, ProtocolError } from '@foretop/proto';
import type { PublicJwk } from '@foretop/proto/trust';
import { calculateJwkThumbprint, decodeProtectedHeader, errors, importJWK, type JWTPayload, jwtVerify } from 'jose';
import type { Store } from '../store/database.ts';
import { type AgentKeyRow, enrolHost, findAgentKey, noteCloneRefused } from '../store/queries/enrolment.ts';
import { sameBytes } from './clock.ts';
import { hashEnrolToken } from './enrolment.ts';

export interface AuthenticateOptions {
  store: Pick<Store, 'db' | 'collectorId'>;
  /** Of this connection's Challenge; used for one Hello only. */
  nonce: Uint8Array;
  now: Date;
  /** A new host's name. */
  name: string;
}

export interface Authenticated {
  hostId: number;
  /** A new host, or one that came back after it was revoked. */
  enrolled: boolean;
  /** Of the key that signed. */
  thumbprint: string;
  key: PublicJwk;
}

/**
 * The host that sent this Hello; a new one is enrolled. Throws ProtocolError with the reason to close for. Whoever cannot
 * sign learns nothing about a key but that it is unknown.
 */
export async function authenticate(hello: Hello, options: AuthenticateOptions): Promise<Authenticated> {
  const { store } = options;
  const thumbprint = keyNamed(hello.jwt ?? '');
  const known = await findAgentKey(store.db, thumbprint);
  const publicKey = known?.public_key ?? hello.enrolment?.publicKey;
  if (!publicKey) {
    throw new ProtocolError('not-enrolled', `the key ${thumbprint} is not known and came without an enrolment token`);
  }
  await verify(hello, publicKey, thumbprint, options);
  const proven = { thumbprint, key: { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey) } } as const;
  if (known === undefined) return { ...proven, hostId: await enrol(hello, thumbprint, options), enrolled: true };
  if (known.revoked_at === null)
    return { ...proven, hostId: await sameMachine(hello, known, options), enrolled: false };
  if (!hello.enrolment?.token) throw new ProtocolError('revoked', `the key ${thumbprint} was revoked`);
  return { ...proven, hostId: await enrol(hello, thumbprint, options), enrolled: true };
}

/** SHA-256 as base64url. */
const thumbprintShape = /^[\w-]{43}$/;

/** The thumbprint that the token's header names. It only chooses the key; the signature decides. */
function keyNamed(jwt: string): string {
  try {
    const { kid } = decodeProtectedHeader(jwt);
    if (typeof kid === 'string' && thumbprintShape.test(kid)) return kid;
  } catch (cause) {
    throw new ProtocolError('signature-invalid', 'the token in Hello has no readable header', { cause });
  }
  throw new ProtocolError('signature-invalid', 'the token in Hello names no key');
}

async function verify(
  hello: Hello,
  publicKey: Uint8Array,
  thumbprint: string,
  options: AuthenticateOptions,
): Promise<void> {
  const claims = await signedClaims(hello.jwt ?? '', publicKey, thumbprint, options.store.collectorId);
  // jose takes an array that contains the audience too; here it must be one string.
  if (typeof claims.aud !== 'string') throw new ProtocolError('signature-invalid', 'the claim aud is not one string');
  if (claims['nonce'] !== base64url(options.nonce)) {
    throw new ProtocolError('signature-invalid', "the claim nonce is not this connection's challenge");
  }
  if (claims['mid'] !== base64url(hello.machineId ?? new Uint8Array(0))) {
    throw new ProtocolError('signature-invalid', 'the claim mid is not the machine id in Hello');
  }
}

async function signedClaims(
  jwt: string,
  publicKey: Uint8Array,
  thumbprint: string,
  audience: string,
): Promise<JWTPayload> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey) };
  try {
    if ((await calculateJwkThumbprint(jwk)) !== thumbprint)
      throw new ProtocolError('signature-invalid', 'the token names another key');
    const { payload } = await jwtVerify(jwt, await importJWK(jwk, 'Ed25519'), {
      algorithms: ['Ed25519'],
      typ: 'foretop-agent+jwt',
      issuer: thumbprint,
      subject: thumbprint,
      audience,
    });
    return payload;
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    const meantForAnother = cause instanceof errors.JWTClaimValidationFailed && cause.claim === 'aud';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProtocolError(
      meantForAnother ? 'wrong-collector' : 'signature-invalid',
      `the token in Hello was refused: ${reason}`,
      { cause },
    );
  }
}

/** A key that shows up on a second machine was copied: the second is refused, the first stays. */
async function sameMachine(hello: Hello, known: AgentKeyRow, { store, now }: AuthenticateOptions): Promise<number> {
  if (sameBytes(known.machine_id, hello.machineId ?? new Uint8Array(0))) return known.host_id;
  await noteCloneRefused(store.db, known.thumbprint, now);
  throw new ProtocolError('cloned', `the key of host ${known.host_id} came from a second machine`);
}

async function enrol(hello: Hello, thumbprint: string, { store, now, name }: AuthenticateOptions): Promise<number> {
  const result = await enrolHost(store.db, {
    tokenHash: hashEnrolToken(hello.enrolment?.token ?? ''),
    thumbprint,
    publicKey: Buffer.from(hello.enrolment?.publicKey ?? []),
    machineId: Buffer.from(hello.machineId ?? []),
    name,
    now,
  });
  if ('hostId' in result) return result.hostId;
  throw new ProtocolError(result.refused, `enrolment of the key ${thumbprint} was refused: ${result.refused}`);
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
