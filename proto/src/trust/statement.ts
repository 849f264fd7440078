// Signs statements and reads them back: JWS in compact form, Ed25519 only, and no leniency anywhere (RFC 7515, RFC 8725).
import { base64url, CompactSign, compactVerify, type CryptoKey, importJWK, type KeyObject } from 'jose';
import { type ClaimsOf, claimChecks } from './claims.ts';
import * as check from './checks.ts';
import { thumbprint } from './digest.ts';
import { invalid, malformed, StatementError } from './statement-error.ts';
import { type PublicJwk, type StatementKind, statementTypes } from './statements.ts';

const algorithm = 'Ed25519';
/** Characters of a statement. A roster names hosts, so it may take half of a frame. */
export const mostStatementLength = 65_536;
export const mostRosterLength = 524_288;

const mostLength = (kind: StatementKind) => (kind === 'roster' ? mostRosterLength : mostStatementLength);

/**
 * `kid` is the key's thumbprint and must be the claims' issuer. Throws StatementError malformed rather than sign what no
 * reader would take.
 */
export async function signStatement<Kind extends StatementKind>(
  kind: Kind,
  claims: ClaimsOf<Kind>,
  key: CryptoKey | KeyObject,
  kid: string,
): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claimsOf(kind, claims, kid)));
  const text = await new CompactSign(payload)
    .setProtectedHeader({ alg: algorithm, kid, typ: statementTypes[kind] })
    .sign(key);
  requireLength(kind, text);
  return text;
}

/** The claims, once the key is known to have signed them. Throws StatementError. */
export async function readStatement<Kind extends StatementKind>(
  kind: Kind,
  text: string,
  key: PublicJwk,
): Promise<ClaimsOf<Kind>> {
  const { kid, payload } = partsOf(kind, text);
  if (kid !== (await thumbprint(key))) throw invalid(`the ${kind} statement is of another key`);
  try {
    await compactVerify(text, await importJWK({ kty: key.kty, crv: key.crv, x: key.x }, algorithm), {
      algorithms: [algorithm],
    });
  } catch (cause) {
    throw invalid(`the signature of the ${kind} statement is wrong`, cause);
  }
  return claimsOf(kind, payload, kid);
}

/** The claims of whoever wrote them: well-formed, the signature not looked at. For finding the key to check it with. */
export function peekStatement<Kind extends StatementKind>(kind: Kind, text: string): ClaimsOf<Kind> {
  const { kid, payload } = partsOf(kind, text);
  return claimsOf(kind, payload, kid);
}

function claimsOf<Kind extends StatementKind>(kind: Kind, payload: unknown, kid: string): ClaimsOf<Kind> {
  const claims = claimChecks[kind](payload, kind);
  if (claims.iss !== kid) throw malformed(`${kind}.iss is not the key that signs`);
  return claims;
}

function partsOf(kind: StatementKind, text: string): { kid: string; payload: unknown } {
  requireLength(kind, text);
  const parts = text.split('.');
  if (parts.length !== 3) throw malformed(`the ${kind} statement has ${parts.length} parts, 3 are required`);
  check.base64url(64, 64)(parts[2], 'signature');
  const { kid } = headerOf(kind)(jsonOf(parts[0]!, 'header'), 'header');
  return { kid, payload: jsonOf(parts[1]!, kind) };
}

/** These three parameters and no other: no key, no critical extension, no content type. */
const headerOf = (kind: StatementKind) =>
  check.exact({ alg: check.oneOf([algorithm]), kid: check.bytes32, typ: check.oneOf([statementTypes[kind]]) });

function requireLength(kind: StatementKind, text: string): void {
  if (text.length > mostLength(kind))
    throw malformed(`the ${kind} statement has ${text.length} characters, at most ${mostLength(kind)} are allowed`);
}

/** Only JSON as JSON.stringify writes it: nothing in it stands twice, and no two texts say the same. */
function jsonOf(part: string, at: string): unknown {
  check.base64url(2, mostRosterLength)(part, at);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(base64url.decode(part));
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) === text) return value;
  } catch (cause) {
    throw malformed(`${at} is no JSON`, cause);
  }
  throw new StatementError('malformed', `${at} is not JSON in its shortest form`);
}
