// How a change of the roster is answered: by its serial, or, while the owner key is elsewhere, with what has to be signed there.
import type { SignedRoster } from '@foretop/proto/api';
import type { RosterClaims } from '@foretop/proto/trust';
import type { Settled } from '../../trust/settle-roster.ts';
import { TrustError } from '../../trust/trust-error.ts';
import { problemType, RequestError } from '../problem.ts';
import type { ServeContext } from './context.ts';

export const signedRoster = ({ serial, exp }: RosterClaims): SignedRoster => ({
  serial,
  expiresAt: new Date(exp * 1_000).toISOString(),
});

export function answer(settled: Settled, context: ServeContext): Response {
  return settled.kind === 'owner-offline' ? unsigned(settled) : context.json(signedRoster(settled.roster));
}

/** The problem, with what has to be signed where the owner key is. */
export function unsigned({ roster }: Settled): Response {
  const error = new RequestError(
    'owner-offline',
    'It is noted, and holds once the owner key has signed it: foretop owner sign --roster FILE --key FILE, where that key is.',
  );
  const body = JSON.stringify({ ...error.document(), unsignedRoster: roster });
  return new Response(body, { status: error.status, headers: { 'content-type': problemType } });
}

/** Throws RequestError for what the roster does not bear. */
export async function asRequest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new RequestError('invalid-request', error.message, { cause: error });
  }
}
