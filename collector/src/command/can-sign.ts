// Foretells whether a host will take somebody's signature, so that a button can say why it is grey. Only the host decides.
import { readToolRequest, toolCapability } from '@foretop/proto/tools';
import {
  type Capability,
  isStrongEnough,
  mayDo,
  type OfferClaims,
  type OfferedAction,
  peekStatement,
  refusals,
  type RosterClaims,
  type RosterHost,
} from '@foretop/proto/trust';

/** Empty: a signature of one of theirs can be expected to be taken. `roster` is the statement that agents are sent, or empty. */
export function whyNot(
  wanted: Pick<OfferClaims, 'allowed' | 'weakestSigner'> & { capability: Capability },
  asks: { name: string; canSign: boolean; roster: string; host: RosterHost; nowMs: number },
): string {
  const { name, canSign, roster, host, nowMs } = asks;
  const { capability, allowed, weakestSigner } = wanted;
  if (!allowed.includes(capability)) return refusals['not-allowed'];
  if (!canSign) return 'A token cannot sign. Sign in, or sign with: foretop approve';
  const claims = rosterOf(roster);
  if (claims === undefined) return refusals['no-roster'];
  if (claims.exp * 1000 <= nowMs) return refusals['roster-expired'];
  const own = claims.operators.filter((operator) => operator.name === name);
  if (own.length === 0) return refusals['unknown-signer'];
  const inScope = own.filter((operator) => mayDo(operator, capability, host));
  if (inScope.length === 0) return refusals['not-in-scope'];
  if (!inScope.some(({ signer }) => isStrongEnough(signer, weakestSigner))) return refusals['signer-too-weak'];
  return '';
}

/** Throws ToolFault for parameters that are none; an offer that is held has been read before. */
export function capabilityOf(action: OfferedAction): Capability {
  return action.kind === 'run-tool' ? toolCapability(readToolRequest(action.tool, action.parameters)) : 'terminate';
}

function rosterOf(statement: string): RosterClaims | undefined {
  try {
    return statement === '' ? undefined : peekStatement('roster', statement);
  } catch {
    return undefined;
  }
}
