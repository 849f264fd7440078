// What an installation makes of the host's policy: the first one writes it, a later one takes from it, none adds to it.
import { type Capability, type Signer, signers } from '@foretop/proto/trust';
import { isAbove, type Policy, weakestSigner } from '../trust/policy.ts';
import type { FoundPolicy } from '../trust/policy-file.ts';
import { ServiceError } from './service-error.ts';

/** undefined: as it is. */
export interface WantedPolicy {
  ceiling: Capability | undefined;
  signer: Signer | undefined;
  labels: readonly string[] | undefined;
}

/** Throws ServiceError when more is wanted than the host's file allows. */
export function settledPolicy(present: FoundPolicy, { ceiling, signer, labels }: WantedPolicy, file: string): Policy {
  const { allow, networks, privacy, updates } = present;
  const wanted: Policy = {
    allow: ceiling ?? allow,
    signer: signer ?? present.signer,
    labels: labels ?? present.labels,
    ...{ networks, privacy, updates },
  };
  const more = present.exists ? moreIn(wanted, present) : undefined;
  if (more === undefined) return wanted;
  throw new ServiceError(`${more} Edit ${file} as root, then install again.`);
}

/** In what the one goes beyond the other; undefined = in nothing. */
function moreIn(wanted: Policy, present: FoundPolicy): string | undefined {
  if (isAbove(wanted.allow, present.allow))
    return `The ceiling of this host is '${present.allow}'${doubtOf(present)}; no installation raises it to '${wanted.allow}'.`;
  const [before, after] = [present, wanted].map((policy) => signers.indexOf(weakestSigner(policy, 'terminate')));
  if (after! < before!)
    return `This host takes '${signers[before!]}' or stronger; no installation weakens that to '${wanted.signer}'.`;
  const added = wanted.labels.find((label) => !present.labels.includes(label));
  return added === undefined ? undefined : `No installation gives this host the label '${added}'.`;
}

const doubtOf = ({ source }: FoundPolicy) => (source.startsWith('unsafe') ? ` (${source})` : '');
