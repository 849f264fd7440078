// Whom the next roster names, made from what was granted, and when one is due.
import { mostRosterLength, type RosterClaims, rosterLifeSeconds, thumbprint } from '@foretop/proto/trust';
import type { GrantedKeyRow } from '../store/queries/signing-keys.ts';

export type RelyingParty = RosterClaims['rp'];
export type RosterContent = Pick<RosterClaims, 'rp' | 'operators'>;

/**
 * A removal that somebody withholds from a host lasts until the roster expires there. Where the collector signs, it does so
 * daily and for a week; where a person does, for as long as hosts take.
 */
const onlineLifeSeconds = 7 * 86_400;
const renewAfterSeconds = 86_400;
export const offlineLifeSeconds = rosterLifeSeconds;

/** A name that no roster may bear is left out: one odd account must not hold up everybody's roster. */
const bearable = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

export function contentOf(granted: readonly GrantedKeyRow[], rp: RelyingParty): RosterContent {
  const operators = granted
    .filter(({ account, ids, labels }) => bearable.test(account) && ids.length + labels.length > 0)
    .map(({ account, signer, cnf, capabilities, ids, labels }) => ({
      name: account,
      signer,
      cnf: copyOf(cnf),
      capabilities,
      hosts: { ids, labels },
    }));
  return { rp, operators };
}

/** Of the claims as JSON, in bytes: what base64url makes of it, header and signature fit into a statement. */
const mostContentBytes = Math.floor(((mostRosterLength - 1_024) * 3) / 4);
const mostOperators = 1_000;
const mostHosts = 10_000;

/**
 * What a roster can hold: whoever names the most hosts is left out first, so that a fleet that has grown does not keep others'
 * grants from being taken back.
 */
export function fitting({ rp, operators }: RosterContent): { content: RosterContent; leftOut: string[] } {
  const kept = operators.filter(({ hosts }) => hosts.ids.length <= mostHosts).slice(0, mostOperators);
  const sizes = new Map(kept.map((operator) => [operator, Buffer.byteLength(JSON.stringify(operator)) + 1]));
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, Buffer.byteLength(JSON.stringify(rp)));
  for (const [operator, size] of [...sizes].toSorted(([, a], [, b]) => b - a)) {
    if (bytes <= mostContentBytes) break;
    kept.splice(kept.indexOf(operator), 1);
    bytes -= size;
  }
  const leftOut = operators.filter((operator) => !kept.includes(operator)).map(({ name }) => name);
  return { content: { rp, operators: kept }, leftOut };
}

/** With its members in the order of statements, since the database keeps none. */
function copyOf(cnf: GrantedKeyRow['cnf']): GrantedKeyRow['cnf'] {
  if ('jwk' in cnf) return { jwk: { kty: cnf.jwk.kty, crv: cnf.jwk.crv, x: cnf.jwk.x } };
  const { credentialId, spki, algorithm } = cnf.passkey;
  return { passkey: { credentialId, spki, algorithm } };
}

export function saysTheSame(a: RosterContent, b: RosterContent): boolean {
  const text = ({ rp, operators }: RosterContent) => JSON.stringify([rp, operators]);
  return text(a) === text(b);
}

/** Whether a roster with the same content is to be signed again, so that none expires while somebody can sign. */
export function isStale(claims: RosterClaims, nowMs: number): boolean {
  const age = nowMs / 1_000 - claims.iat;
  return age > renewAfterSeconds || age < -renewAfterSeconds;
}

/**
 * Serials are seconds since the Unix epoch where that is higher, so that a database restored from a backup does not fall
 * behind what hosts have seen.
 */
export function nextSerial(newest: number | undefined, nowMs: number): number {
  return Math.max((newest ?? 0) + 1, Math.floor(nowMs / 1_000));
}

export async function claimsFor(
  content: RosterContent,
  owner: string,
  { newest, nowMs, online }: { newest: number | undefined; nowMs: number; online: boolean },
): Promise<RosterClaims> {
  const iat = Math.floor(nowMs / 1_000);
  return {
    iss: await thumbprint({ kty: 'OKP', crv: 'Ed25519', x: owner }),
    serial: nextSerial(newest, nowMs),
    iat,
    exp: iat + (online ? onlineLifeSeconds : offlineLifeSeconds),
    ...content,
  };
}

/** Where passkeys work: on localhost, or on the name under which browsers reach the collector. */
export function relyingPartyOf(port: number, publicUrl: string | undefined): RelyingParty {
  const local = `http://localhost${port === 80 ? '' : `:${port}`}`;
  if (publicUrl === undefined) return { id: 'localhost', origins: [local] };
  const { hostname, origin } = new URL(publicUrl);
  if (hostname === 'localhost') return { id: 'localhost', origins: [...new Set([origin, local])] };
  // WebAuthn knows names only.
  const isName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(hostname) && !/^[\d.]+$/.test(hostname);
  return isName ? { id: hostname, origins: [origin] } : null;
}
