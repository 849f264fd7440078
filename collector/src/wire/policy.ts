// What a host says that its owner allows, in its Hello or later: bounded and cleaned, for people to read. Nothing is decided by it.
import { isIP } from 'node:net';
import { type HostPolicy, limits } from '@foretop/proto';
import type { HostPolicyView } from '@foretop/proto/api';
import { capabilities, signers } from '@foretop/proto/trust';
import { cleanText } from '../store/host-text.ts';

const mostLabels = 64;
const mostNetworks = 256;
const thumbprintShape = /^[\w-]{43}$/;
/** Of a JavaScript date. */
const latestMs = 8.64e15;

/** null: it said nothing. What has the wrong shape is left out; a signer that is not known counts as the strongest. */
export function hostPolicy(policy: HostPolicy | null | undefined): HostPolicyView | null {
  if (!policy) return null;
  const expiresMs = (policy.rosterExpiresUs ?? 0) / 1000;
  const hasExpiry = expiresMs > 0 && expiresMs <= latestMs;
  return {
    allowed: capabilities.filter((capability) => policy.allowed?.includes(capability)),
    weakestSigner: signers.find((signer) => signer === policy.weakestSigner) ?? 'approve',
    labels: texts(policy.labels, mostLabels).filter((label) => label.includes('=')),
    networks: texts(policy.networks, mostNetworks).filter(isNetwork),
    ownerThumbprint: thumbprint(policy.ownerThumbprint),
    recoveryThumbprint: thumbprint(policy.recoveryThumbprint),
    rosterSerial: Number.isSafeInteger(policy.rosterSerial) ? (policy.rosterSerial ?? 0) : 0,
    rosterExpiresAt: hasExpiry ? new Date(expiresMs).toISOString() : null,
    source: cleanText(policy.source, limits.nameLength),
    withheld: texts(policy.withheld, mostLabels),
    updatesAllowed: policy.updatesAllowed ?? false,
    privilegeSplit: policy.privilegeSplit ?? false,
  };
}

const texts = (given: readonly string[] | null | undefined, most: number): string[] =>
  (given ?? []).slice(0, most).map((text) => cleanText(text, limits.nameLength));

const thumbprint = (text: string | null | undefined): string => (text && thumbprintShape.test(text) ? text : '');

function isNetwork(text: string): boolean {
  const [address, prefix, ...rest] = text.split('/');
  const family = isIP(address!);
  return (
    family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix ?? '') && Number(prefix) <= (family === 4 ? 32 : 128)
  );
}
