// What each kind of statement must say, member by member; whatever is not described here is refused.
import * as check from './checks.ts';
import type { Check } from './checks.ts';
import { offerClaims } from './offer-claims.ts';
import { refusals, type RefusalCode } from './refusals.ts';
import { malformed } from './statement-error.ts';
import {
  type AuditHeadClaims,
  capabilities,
  type CommandClaims,
  type OfferClaims,
  type OwnerClaims,
  type PasskeyKey,
  type PublicJwk,
  type ReceiptClaims,
  type RosterClaims,
  type RosterOperator,
  signers,
  type StatementKind,
} from './statements.ts';

interface ClaimsByKind {
  roster: RosterClaims;
  owner: OwnerClaims;
  offer: OfferClaims;
  command: CommandClaims;
  receipt: ReceiptClaims;
  auditHead: AuditHeadClaims;
}
export type ClaimsOf<Kind extends StatementKind> = ClaimsByKind[Kind];

/** Longest life of a roster, seconds. */
export const rosterLifeSeconds = 30 * 86_400;

/** Seconds since the Unix epoch, up to the year 9999. */
const seconds = check.integer(0, 253_402_300_799);
const serial = check.integer(1, Number.MAX_SAFE_INTEGER);

/** Throws StatementError malformed. */
export const publicJwk: Check<PublicJwk> = check.exact({
  kty: check.oneOf(['OKP']),
  crv: check.oneOf(['Ed25519']),
  x: check.bytes32,
});

/** Its form only; importPasskey also tries the key. Throws StatementError malformed. */
export const passkeyKey: Check<PasskeyKey> = check.exact({
  credentialId: check.base64url(1, 1_023),
  spki: check.base64url(32, 1_100),
  algorithm: check.oneOf([-7, -8, -257]),
});

/** "key=value" as a host's own file has it. Nothing in it is a wildcard. */
const label = check.pattern(191, /^[A-Za-z0-9][\w./-]{0,62}=[^\p{C}\p{Zl}\p{Zp}]{0,127}$/u, 'a label such as env=prod');

const operator: Check<RosterOperator> = (value, at) => {
  const { cnf, signer } = check.objectOf(value, at);
  const byPasskey = signer === 'passkey';
  const cnfCheck: Check<RosterOperator['cnf']> = byPasskey
    ? check.exact({ passkey: passkeyKey })
    : check.exact({ jwk: publicJwk });
  const rest = check.exact({
    name: check.plainText(128),
    signer: check.oneOf(signers),
    cnf: (given) => given,
    capabilities: check.set(check.oneOf(capabilities), capabilities.length),
    hosts: check.exact({ ids: check.set(check.bytes32, 10_000), labels: check.set(label, 100) }),
  })(value, at);
  return { ...rest, cnf: cnfCheck(cnf, `${at}.cnf`) };
};

/** A passkey works on its relying party's name and on names below it, over HTTPS or on localhost. */
const relyingParty: Check<{ id: string; origins: string[] }> = (value, at) => {
  const rp = check.exact({
    id: check.pattern(253, /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host name'),
    origins: check.set(
      check.pattern(300, /^(https:\/\/[a-z0-9.-]+|http:\/\/localhost)(:\d{1,5})?$/, 'https://NAME or http://localhost'),
      10,
    ),
  })(value, at);
  for (const origin of rp.origins) {
    const host = origin.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
    if (host !== rp.id && !host.endsWith(`.${rp.id}`)) throw malformed(`${at}.origins has ${origin}, not of ${rp.id}`);
  }
  return rp;
};

const roster: Check<RosterClaims> = (value, at) => {
  const claims = check.exact({
    iss: check.bytes32,
    serial,
    iat: seconds,
    exp: seconds,
    rp: check.orNull(relyingParty),
    operators: check.list(operator, 1_000),
  })(value, at);
  if (claims.exp <= claims.iat || claims.exp > claims.iat + rosterLifeSeconds)
    throw malformed(
      `${at} expires ${claims.exp - claims.iat} s after it was issued; 1 to ${rosterLifeSeconds} are allowed`,
    );
  const keys = claims.operators.map(({ cnf }) => ('jwk' in cnf ? cnf.jwk.x : cnf.passkey.credentialId));
  if (new Set(keys).size < keys.length) throw malformed(`${at}.operators has one key twice`);
  return claims;
};

export const claimChecks: { [Kind in StatementKind]: Check<ClaimsOf<Kind>> } = {
  roster,
  owner: check.exact({ iss: check.bytes32, serial, iat: seconds, owner: publicJwk }),
  offer: offerClaims,
  command: check.exact({ iss: check.bytes32, aud: check.bytes32, digest: check.bytes32 }),
  receipt: check.exact({
    iss: check.bytes32,
    offer: check.bytes32,
    iat: seconds,
    outcome: check.oneOf([
      ...(['completed', 'cancelled', 'gone', 'respawned', 'still-there', 'closed', 'refused', 'failed'] as const),
    ]),
    code: check.orEmpty(check.oneOf(Object.keys(refusals) as RefusalCode[])),
    detail: check.anyText(1_000),
    operator: check.exact({ thumbprint: check.orEmpty(check.bytes32), name: check.anyText(128) }),
  }),
  auditHead: check.exact({
    iss: check.bytes32,
    sequence: check.integer(0, Number.MAX_SAFE_INTEGER),
    hash: check.hex(32),
    iat: seconds,
  }),
};
