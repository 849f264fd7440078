// Questions to a roster, asked alike by the host that decides and by the collector that foretells what it will decide.
import { base64url } from 'jose';
import { sha256, thumbprint } from './digest.ts';
import { type Capability, type RosterClaims, type RosterOperator, type Signer, signers } from './statements.ts';

/** Names an operator's key: RFC 7638 for one of ours, SHA-256 of its SPKI for a passkey; base64url, 43 characters. */
export async function operatorThumbprint(cnf: RosterOperator['cnf']): Promise<string> {
  if ('jwk' in cnf) return thumbprint(cnf.jwk);
  return base64url.encode(await sha256(new Uint8Array(base64url.decode(cnf.passkey.spki))));
}

/** Whose key it is: by the issuer of a command statement, or by the credential of a passkey's assertion. */
export async function findOperator(
  roster: RosterClaims,
  by: { issuer: string } | { credentialId: string },
): Promise<RosterOperator | undefined> {
  for (const operator of roster.operators) {
    const { cnf } = operator;
    if ('credentialId' in by) {
      if ('passkey' in cnf && cnf.passkey.credentialId === by.credentialId) return operator;
    } else if ('jwk' in cnf && (await thumbprint(cnf.jwk)) === by.issuer) return operator;
  }
  return undefined;
}

export interface RosterHost {
  /** Of the host's key. */
  thumbprint: string;
  /** Of the host's own file. */
  labels: readonly string[];
}

/** Capabilities are named one by one. Hosts are named by id, or by one label at least; who names none reaches none. */
export function mayDo(operator: RosterOperator, capability: Capability, host: RosterHost): boolean {
  if (!operator.capabilities.includes(capability)) return false;
  const { ids, labels } = operator.hosts;
  return ids.includes(host.thumbprint) || labels.some((label) => host.labels.includes(label));
}

/** Whether a signature of this kind is at least what a host's file asks for. */
export function isStrongEnough(signer: Signer, weakest: Signer): boolean {
  return signers.indexOf(signer) >= signers.indexOf(weakest);
}
