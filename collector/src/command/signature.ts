// The signature over an offer, as far as the collector can look at it: whether it is of this offer. Whose it is only the host decides.
import type { SignedCommand } from '@foretop/proto';
import type { CommandSignature } from '@foretop/proto/api';
import { peekStatement, StatementError } from '@foretop/proto/trust';
import { CommandError } from './errors.ts';
import type { HeldOffer } from './held-offer.ts';

export type GivenSignature = CommandSignature['signature'];

export interface CheckedSignature {
  frame: Pick<SignedCommand, 'statement' | 'passkey'>;
  /** For the audit: the thumbprint that the statement names, or the passkey's credential id. A claim. */
  signer: string;
}

/** Throws CommandError refused with signature-invalid or malformed, so that a mistake does not use up the offer. */
export function checkSignature(given: GivenSignature, offer: HeldOffer): CheckedSignature {
  if ('statement' in given) {
    const { iss, aud, digest } = peekCommand(given.statement);
    if (aud !== offer.thumbprint) throw refused('The signature is for another host.');
    if (digest !== offer.digest) throw refused('The signature is over another offer.');
    return { frame: { statement: given.statement }, signer: iss };
  }
  const { credentialId, authenticatorData, clientDataJson, signature } = given.passkey;
  const clientData = Buffer.from(clientDataJson, 'base64url');
  if (challengeOf(clientData) !== offer.digest) throw refused('The passkey signed something else than this offer.');
  const passkey = {
    credentialId: Buffer.from(credentialId, 'base64url'),
    authenticatorData: Buffer.from(authenticatorData, 'base64url'),
    clientDataJson: clientData,
    signature: Buffer.from(signature, 'base64url'),
  };
  return { frame: { passkey }, signer: credentialId };
}

function peekCommand(statement: string) {
  try {
    return peekStatement('command', statement);
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new CommandError('refused', `The statement is not a command: ${cause.message}.`, {
      refusal: 'malformed',
      cause,
    });
  }
}

function challengeOf(clientDataJson: Buffer): unknown {
  try {
    return (JSON.parse(clientDataJson.toString()) as { challenge?: unknown } | null)?.challenge;
  } catch {
    return undefined;
  }
}

const refused = (message: string): CommandError =>
  new CommandError('refused', message, { refusal: 'signature-invalid' });
