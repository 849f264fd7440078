// Whose signature a command bears, and whether it lets this one offer happen.
import type { SignedCommand } from '@foretop/proto';
import {
  type Capability,
  commandDigest,
  findOperator,
  isStrongEnough,
  mayDo,
  operatorThumbprint,
  peekStatement,
  readStatement,
  type RosterClaims,
  type RosterOperator,
  StatementError,
  verifyPasskey,
} from '@foretop/proto/trust';
import type { Offer } from './offers.ts';
import { type Policy, allowedBy, weakestSigner } from './policy.ts';
import { Refusal } from './refusal.ts';

export interface VerifiedOperator {
  thumbprint: string;
  name: string;
  operator: RosterOperator;
}

/** Whose it is, by the roster. Throws Refusal when the statement is signed by nobody in it, or wrongly, or for another offer or host. */
export async function verifySignature(
  command: SignedCommand,
  context: { roster: RosterClaims; offer: Offer | undefined; hostThumbprint: string },
): Promise<VerifiedOperator> {
  try {
    const operator = await operatorOf(command, context.roster);
    if (context.offer === undefined) throw new Refusal('offer-unknown');
    const { text, claims } = context.offer;
    const digest = await commandDigest(text, claims.action.kind, context.hostThumbprint);
    if ('passkey' in operator.cnf) await requirePasskey(command, operator.cnf.passkey, digest, context.roster);
    else await requireStatement(command, operator.cnf.jwk, digest, context.hostThumbprint);
    return { thumbprint: await operatorThumbprint(operator.cnf), name: operator.name, operator };
  } catch (error) {
    if (error instanceof StatementError) throw new Refusal(error.code, `It says: ${error.message}.`, { cause: error });
    throw error;
  }
}

/** Whether the roster and the host's own file let this operator do what was offered. Throws Refusal. */
export function requireRight(
  { operator }: VerifiedOperator,
  context: { policy: Policy; hostThumbprint: string; capability: Capability },
): void {
  const { policy, hostThumbprint, capability } = context;
  const host = { thumbprint: hostThumbprint, labels: policy.labels };
  if (!mayDo(operator, capability, host)) throw new Refusal('not-in-scope');
  if (!allowedBy(policy).includes(capability)) throw new Refusal('not-allowed', `Its ceiling is '${policy.allow}'.`);
  const weakest = weakestSigner(policy, capability);
  if (!isStrongEnough(operator.signer, weakest))
    throw new Refusal('signer-too-weak', `It takes '${weakest}', and the signature is of '${operator.signer}'.`);
}

async function operatorOf({ statement, passkey }: SignedCommand, roster: RosterClaims): Promise<RosterOperator> {
  const by =
    typeof statement === 'string' && statement !== ''
      ? { issuer: peekStatement('command', statement).iss }
      : passkey
        ? { credentialId: Buffer.from(passkey.credentialId ?? []).toString('base64url') }
        : undefined;
  if (by === undefined) throw new Refusal('malformed', 'It bears no signature.');
  const operator = await findOperator(roster, by);
  if (operator === undefined) throw new Refusal('unknown-signer');
  return operator;
}

async function requireStatement(
  { statement }: SignedCommand,
  key: Parameters<typeof readStatement>[2],
  digest: Uint8Array,
  hostThumbprint: string,
): Promise<void> {
  const claims = await readStatement('command', statement ?? '', key);
  if (claims.aud !== hostThumbprint) throw new Refusal('signature-invalid', 'It is for another host.');
  if (claims.digest !== Buffer.from(digest).toString('base64url'))
    throw new Refusal('signature-invalid', 'It is for another offer.');
}

async function requirePasskey(
  { passkey }: SignedCommand,
  key: Parameters<typeof verifyPasskey>[1]['key'],
  digest: Uint8Array,
  { rp }: RosterClaims,
): Promise<void> {
  const { credentialId, authenticatorData, clientDataJson, signature } = passkey ?? {};
  const bytes = (part: Uint8Array | null | undefined) => part ?? new Uint8Array();
  const assertion = {
    credentialId: bytes(credentialId),
    authenticatorData: bytes(authenticatorData),
    clientDataJson: bytes(clientDataJson),
    signature: bytes(signature),
  };
  await verifyPasskey(assertion, { digest, key, rp });
}
