// The host's policy in words, for a terminal.
import type { HostPolicy } from '@foretop/proto';

const dayUs = 86_400e6;

/** Names and texts, in the order in which they are shown. */
export function policyRows(policy: HostPolicy, nowMs: number): [string, string][] {
  const { allowed = [], source = '', weakestSigner = '', labels = [], withheld = [] } = policy;
  return [
    ['Ceiling', `${allowed?.at(-1) ?? 'observe'} (${source})`],
    ['Signer', `${weakestSigner} or stronger, for ending and capturing`],
    ...((labels?.length ?? 0) > 0 ? [['Labels', labels!.join(', ')] as [string, string]] : []),
    ...((withheld?.length ?? 0) > 0 ? [['Withheld', withheld!.join(', ')] as [string, string]] : []),
    ['Updates', policy.updatesAllowed ? 'allowed' : 'not allowed'],
    ['Owner', ownerText(policy)],
    ['Roster', rosterText(policy, nowMs)],
  ];
}

function ownerText({ ownerThumbprint, recoveryThumbprint }: HostPolicy): string {
  if (!ownerThumbprint) return 'no key is pinned: every command is refused';
  return `${ownerThumbprint}; ${recoveryThumbprint ? `recovery ${recoveryThumbprint}` : 'no recovery key'}`;
}

function rosterText({ rosterSerial, rosterExpiresUs }: HostPolicy, nowMs: number): string {
  if (!rosterSerial || !rosterExpiresUs) return 'none yet: nobody may sign';
  const expires = new Date(rosterExpiresUs / 1e3).toISOString();
  const days = (rosterExpiresUs - nowMs * 1e3) / dayUs;
  const when = days > 0 ? `in ${days.toFixed(1)} days` : 'expired';
  return `serial ${rosterSerial}, until ${expires} (${when})`;
}
