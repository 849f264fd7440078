// Signing keys and grants in words.
import type { KeyGrant, SigningKey } from '@foretop/proto/api';
import type { Signer } from '@foretop/proto/trust';
import { count } from '#lib/format/figures.ts';
import { visible } from '#lib/format/visible.ts';

export const kindWords: Record<Signer, string> = {
  browser: 'Browser key',
  passkey: 'Passkey',
  approve: 'Approve key',
};

/** What the key can do right now. */
export function stateOf({ grant, inForce }: Pick<SigningKey, 'grant' | 'inForce'>): string {
  if (inForce) return grant ? 'may sign' : 'signs until the next roster';
  return grant ? 'granted, not in the roster yet' : 'waits for an administrator to grant it';
}

/** "terminate on every host", "probe, terminate on 2 hosts and hosts labelled env=prod". */
export function grantWords({ capabilities, hosts }: KeyGrant): string {
  const parts = [
    ...(hosts.ids.length > 0 ? [hosts.ids.length === 1 ? 'one host' : `${count(hosts.ids.length)} hosts`] : []),
    ...(hosts.labels.length > 0 ? [`hosts labelled ${hosts.labels.map(visible).join(', ')}`] : []),
  ];
  const reach = hosts.all ? 'every host, also later ones' : parts.join(' and ') || 'no host';
  return `${capabilities.join(', ') || 'nothing'} on ${reach}`;
}

/** As a host's own file may have it, and a roster may name it. */
export const isLabel = (text: string): boolean => /^[A-Za-z0-9][\w./-]{0,62}=[^\p{C}\p{Zl}\p{Zp}]{0,127}$/u.test(text);

/** Labels typed with commas or spaces between; undefined when one is none. */
export function parseLabels(text: string): string[] | undefined {
  const labels = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  return labels.every(isLabel) ? labels : undefined;
}
