// Why a command cannot be asked for right now: what stands beside a grey button.
import type { HostPolicyView, HostStatusName } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';

export interface Circumstances {
  role: string;
  hostName: string;
  status: HostStatusName;
  /** The page shows a time that was. */
  past: boolean;
  /** undefined: not read yet; null: the agent has never told. */
  policy: HostPolicyView | null | undefined;
  /** What is in the way of this target itself; empty = nothing. */
  target: string;
}

/**
 * Empty: nothing is in the way. One reason, the first that a person can do something about. What the host told of owner and
 * roster is as old as its connection, and says nothing here.
 */
export function whyNot({ role, hostName, status, past, policy, target }: Circumstances): string {
  if (past) return 'This page shows the past. Go back to live to act on what runs now.';
  if (target) return target;
  if (role === 'viewer') return 'A viewer only looks. Operators and administrators may ask a host to act.';
  if (status === 'revoked') return `The key of ${hostName} was revoked: it cannot be asked.`;
  if (status !== 'live') return `${hostName} is not live: it cannot be asked.`;
  if (policy === undefined) return `Reading what ${hostName} allows.`;
  if (policy === null) return `The agent of ${hostName} is too old to act. Update it.`;
  if (!policy.allowed.includes('terminate')) return `${hostName} does not allow terminate. ${changedIn(policy.source)}`;
  return '';
}

/** `source` is a path, or says why there is none that counts. */
const changedIn = (source: string): string =>
  source.startsWith('/')
    ? `Root can change it in ${visible(source)}.`
    : `Root can change it in the host’s own file (now: ${visible(source)}).`;
