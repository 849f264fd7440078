// For tests: keys, and statements signed whatever they say.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { thumbprint } from './digest.ts';
import { readStatement } from './statement.ts';
import { StatementError } from './statement-error.ts';
import type { PublicJwk, StatementKind } from './statements.ts';

export interface Pair {
  jwk: PublicJwk;
  kid: string;
  key: KeyObject;
}

export async function newPair(): Promise<Pair> {
  const key = generateKeyPairSync('ed25519').privateKey;
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: key.export({ format: 'jwk' }).x! };
  return { jwk, kid: await thumbprint(jwk), key };
}

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs whatever it is given. */
export function forge(header: unknown, payload: unknown, key: KeyObject): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

/** `taken`, or why not. */
export async function readCode(kind: StatementKind, text: string, key: PublicJwk): Promise<string> {
  try {
    await readStatement(kind, text, key);
    return 'taken';
  } catch (error) {
    return error instanceof StatementError ? error.code : String(error);
  }
}
