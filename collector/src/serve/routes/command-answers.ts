// Rows and offers of commands as the API writes them.
import type { Command, CommandOffer, CommandResult } from '@foretop/proto/api';
import type { Offered } from '../../command/desk.ts';
import { capabilityOf, whyNot } from '../../command/can-sign.ts';
import type { CommandRow } from '../../store/queries/commands.ts';
import type { Identity } from '../auth/access.ts';
import { RequestError } from '../problem.ts';

export interface OfferContext {
  identity: Identity;
  hostName: string;
  /** Of the host's own file, as it told them. */
  hostLabels: readonly string[];
  /** The statement that agents are sent, or empty. */
  roster: string;
  nowMs: number;
}

export function offerAnswer({ requestId, offer, expiresAt }: Offered, context: OfferContext): CommandOffer {
  const { identity, hostName, hostLabels, roster, nowMs } = context;
  const { hostId, thumbprint, text, claims } = offer;
  const host = { thumbprint, labels: hostLabels };
  const capability = capabilityOf(claims.action);
  const why = whyNot(
    { ...claims, capability },
    { name: identity.name, canSign: identity.canSign, roster, host, nowMs },
  );
  return {
    ...{ requestId, hostId, hostName, hostThumbprint: thumbprint, offer: text, claims },
    expiresAt: expiresAt.toISOString(),
    canSign: why === '',
    why,
  };
}

/** Throws RequestError command-refused for a receipt that says so: nothing has happened. */
export function resultAnswer(result: CommandResult): CommandResult {
  if (result.outcome !== 'refused') return result;
  throw new RequestError('command-refused', result.detail || 'The host refused the command.', { refusal: result.code });
}

/** `progress` is what the host says while it is at it. */
export function commandAnswer(row: CommandRow, progress: string[]): Command {
  return {
    requestId: row.request_id,
    hostId: row.host_id,
    hostName: row.hostName,
    operator: row.operator,
    action: row.action,
    summary: row.summary,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    offerHash: row.offer_hash,
    outcome: row.outcome,
    code: row.code,
    detail: row.detail,
    receipt: row.receipt,
    progress: row.status === 'signed' ? progress : row.progress,
  };
}
