// The host's policy: the most that it lets its agent do, and whose word counts. What can be done with one; see policy-file.ts for where it is from.
import { capabilities, type Capability, type Signer } from '@foretop/proto/trust';

/** What the agent collects beside addresses and counters; false = it does not leave the host. */
export interface Privacy {
  commandLines: boolean;
  /** Questions and answers. */
  dns: boolean;
  /** Names that clients ask for in TLS and QUIC. */
  serverNames: boolean;
  /** Masked, where the file allows `capture-payload`: the agent itself looks for them in clear text. */
  cardNumbers: boolean;
}

export interface Policy {
  allow: Capability;
  /** The weakest that is taken; undefined = `passkey` for what changes or copies something, `browser` for probes. */
  signer: Signer | undefined;
  /** "key=value": a roster may name these instead of hosts. */
  labels: readonly string[];
  /** CIDR that may be probed. */
  networks: readonly string[];
  privacy: Privacy;
  /** Whether a newer release may be put in this one's place. */
  updates: boolean;
}

/** What holds without a file, and with one that is not to be believed. */
export const lowestPolicy: Policy = Object.freeze({
  allow: 'observe',
  signer: undefined,
  labels: [],
  networks: [],
  privacy: Object.freeze({ commandLines: true, dns: true, serverNames: true, cardNumbers: true }),
  updates: false,
});

export function allowedBy({ allow }: Policy): Capability[] {
  return capabilities.slice(0, capabilities.indexOf(allow) + 1);
}

export function isAbove(one: Capability, other: Capability): boolean {
  return capabilities.indexOf(one) > capabilities.indexOf(other);
}

export function weakestSigner({ signer }: Policy, capability: Capability): Signer {
  return signer ?? (isAbove(capability, 'probe') ? 'passkey' : 'browser');
}

const withheldNames = {
  commandLines: 'command-lines',
  dns: 'dns',
  serverNames: 'server-names',
  cardNumbers: 'card-numbers',
} as const;

/** Names of what the agent does not collect here. */
export function withheldBy({ privacy }: Policy): string[] {
  return (Object.keys(withheldNames) as (keyof Privacy)[])
    .filter((name) => !privacy[name])
    .map((name) => withheldNames[name]);
}
