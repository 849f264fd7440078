// Resources of the REST API about signing keys and the roster. Part of api.ts.
import type { Capability, PasskeyKey, PublicJwk, RosterClaims, RosterOperator, Signer } from './trust/statements.ts';

/** GET /trust. */
export interface TrustState {
  /** `online`: the key that signs rosters sits with the collector, which can then do all that hosts' ceilings allow. */
  owner: { thumbprint: string; online: boolean };
  /** `online`: its file still lies in the collector's data directory, rather than on paper. null: none is known. */
  recovery: { thumbprint: string; online: boolean } | null;
  /** In force; null while there is none. */
  roster: Roster | null;
  /** At which name and on which pages passkeys work here, as the next roster will say; null: they do not. */
  rp: RosterClaims['rp'];
  /** What has been granted and taken back since, as a roster to be signed elsewhere; null: nothing is due. Administrators only. */
  unsigned: RosterClaims | null;
  /** Why the collector could not sign what is due although it has the key; empty otherwise. */
  problem: string;
}

export interface Roster {
  serial: number;
  issuedAt: string;
  expiresAt: string;
  rp: RosterClaims['rp'];
  operators: (RosterOperator & { thumbprint: string })[];
}

/** Whom a grant reaches. Empty lists and `all: false` reach nobody, and are refused. */
export interface GrantedHosts {
  /** Thumbprints of hosts' keys. */
  ids: string[];
  /** Labels of the hosts' own files, "env=prod". */
  labels: string[];
  /** Every host that is enrolled, also later ones: the collector names each in the roster, as long as it has the owner key. */
  all: boolean;
}

export interface KeyGrant {
  capabilities: Capability[];
  hosts: GrantedHosts;
}

/** A key that an account registered. It signs for nobody until it is granted. */
export interface SigningKey {
  id: number;
  accountId: number;
  /** The account's name. */
  account: string;
  signer: Signer;
  /** What its owner calls it. */
  name: string;
  /** RFC 7638; of a passkey SHA-256 of its SPKI. base64url. */
  thumbprint: string;
  /** Of a passkey, base64url; null for others. */
  credentialId: string | null;
  createdAt: string;
  grantedAt: string | null;
  grant: KeyGrant | null;
  /** The roster in force has it. */
  inForce: boolean;
}

/** POST /trust/keys. */
export type NewSigningKey =
  { signer: 'browser' | 'approve'; name: string; jwk: PublicJwk } | ({ signer: 'passkey'; name: string } & PasskeyKey);

/** Answer of what changed the roster. While the owner key is elsewhere it is a problem 409 with `unsignedRoster` instead. */
export interface SignedRoster {
  serial: number;
  expiresAt: string;
}
