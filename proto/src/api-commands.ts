// Resources of the REST API about commands, a host's own policy and the audit chain. Part of api.ts.
import type { Host, List } from './api.ts';
import type { RefusalCode } from './trust/refusals.ts';
import type { Capability, OfferClaims, Outcome, PublicJwk, Signer } from './trust/statements.ts';

/** What is asked of one host; the id says of which. There is no list and no wildcard. */
export type WantedAction =
  { kind: 'terminate'; processId: string; tree: boolean } | { kind: 'close-connection'; connectionId: string };

/** The host's signed answer to the question what would happen. Good for a minute at most, for one signature. */
export interface CommandOffer {
  /** 32 hex digits. */
  requestId: string;
  hostId: number;
  hostName: string;
  /** Of the key that signed the offer and will verify the command. */
  hostThumbprint: string;
  /** Statement foretop-offer+jwt: what is signed is the digest of this very text. */
  offer: string;
  /** The same, read. Every text in it is the host's claim. */
  claims: OfferClaims;
  expiresAt: string;
  /** Whether a signature of who asked can be expected to be taken; only the host decides. */
  canSign: boolean;
  /** Why not; empty otherwise. */
  why: string;
}

/** What navigator.credentials.get() gave, each part as base64url. */
export interface PasskeySignature {
  credentialId: string;
  authenticatorData: string;
  clientDataJson: string;
  signature: string;
}

/** The body that lets an offer happen. */
export interface CommandSignature {
  requestId: string;
  signature: { statement: string } | { passkey: PasskeySignature };
}

/** What came of a command. A host's refusal is a problem document instead, with the code as `refusal`. */
export interface CommandResult {
  requestId: string;
  outcome: Outcome;
  /** A refusal code, when refused; else empty. */
  code: RefusalCode | '';
  /** The host's words, such as "gone 1.2 s after SIGTERM". */
  detail: string;
  /** Statement foretop-receipt+jwt, signed by the host. */
  receipt: string;
  progress: string[];
}

/**
 * queued: waits for an offer and a signature, 15 minutes at most. offered: the host has answered, a signature is due. signed:
 * it was sent to the host. ended: the receipt is here. refused: without a receipt, by the host or the collector. lost: it was
 * sent, and no receipt has come (the connection broke, or the collector was started anew); one that comes later ends it.
 */
export type CommandStatus = 'queued' | 'offered' | 'signed' | 'ended' | 'refused' | 'expired' | 'withdrawn' | 'lost';

export interface Command {
  requestId: string;
  hostId: number;
  hostName: string;
  /** Who asked, as in the audit. */
  operator: string;
  action: WantedAction;
  /** For people: "terminate nginx (pid 4711) with its tree". */
  summary: string;
  status: CommandStatus;
  createdAt: string;
  /** Until when it can be signed. */
  expiresAt: string;
  endedAt: string | null;
  /** SHA-256 of the offer's text, base64url; null while there is none. */
  offerHash: string | null;
  outcome: Outcome | null;
  code: string;
  detail: string;
  receipt: string | null;
  progress: string[];
}

export type CommandList = List<Command>;

/** What the host's own file allows, as it last said: a claim, shown to people, never used to decide. */
export interface HostPolicyView {
  allowed: Capability[];
  /** The weakest that it takes. */
  weakestSigner: Signer;
  /** "env=prod" */
  labels: string[];
  /** CIDR that may be probed. */
  networks: string[];
  /** Of the owner key that it has pinned; empty = none. */
  ownerThumbprint: string;
  recoveryThumbprint: string;
  /** Of the newest roster that it had accepted; 0 = none. */
  rosterSerial: number;
  rosterExpiresAt: string | null;
  /** Path of the file, or why there is none: "no file", "unsafe: writable by others". */
  source: string;
  /** What the agent does not collect: "command-lines", "dns", "server-names". */
  withheld: string[];
  updatesAllowed: boolean;
  /** The process that talks to the network has no capabilities. */
  privilegeSplit: boolean;
}

/** Answer of GET /hosts/{id}. */
export interface HostDetail extends Host {
  /** null: the agent is older than commands, or has not connected since this collector knows them. */
  policy: HostPolicyView | null;
  /** Thumbprint of the key by which it is known. */
  keyThumbprint: string | null;
}

/** Something that a person or a token changed, or tried to; one entry of the collector's hash chain. */
export interface AuditEntry {
  id: number;
  /** Place in the chain: 1, 2, 3 … without holes. */
  sequence: number;
  /** With microseconds, since it is hashed as it stands. */
  at: string;
  /** Such as "account alice", "token 3", "session 0a1b2c3d" (of a login link), "command line", "host 7", "collector". */
  actor: string;
  action: string;
  /** Whom it was about, where it was about one host. */
  hostId: number | null;
  detail: Record<string, string | number | boolean | null>;
  outcome: 'done' | 'refused' | 'failed';
  /** SHA-256 of the entry before, hex; empty for the first. */
  previousHash: string;
  /** SHA-256 of this entry in canonical form, the hash before it included. */
  hash: string;
}

/** The end of an audit chain at an instant, signed by its keeper. */
export interface AuditHead {
  /** null: the collector's own chain. */
  hostId: number | null;
  hostName: string | null;
  /** Of the key that signed it. */
  thumbprint: string;
  sequence: number;
  hash: string;
  /** By the keeper's clock. */
  issuedAt: string;
  receivedAt: string;
  /** It continues the heads that came before. false: the keeper's chain was cut or rewritten. */
  fits: boolean;
  /** Statement foretop-audit-head+jwt. */
  head: string;
}

export interface AuditHeads {
  asOf: string;
  /** Of the collector, signed now; null while nothing is in the chain. */
  collector: (AuditHead & { key: PublicJwk }) | null;
  /** The newest of each host, and those that do not fit. */
  hosts: AuditHead[];
}
