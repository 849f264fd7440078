// What is signed in Foretop, and by whom. Each statement is a JWS in compact form (RFC 7515): algorithm `Ed25519` only, a `typ`
// of its own, `kid` = the signer's thumbprint (RFC 7638, SHA-256, base64url), no key in the header, no claim that is not listed.

/** Each kind's `typ`; a statement of one kind is never read as another. */
export const statementTypes = {
  roster: 'foretop-roster+jwt',
  owner: 'foretop-owner+jwt',
  offer: 'foretop-offer+jwt',
  command: 'foretop-command+jwt',
  receipt: 'foretop-receipt+jwt',
  auditHead: 'foretop-audit-head+jwt',
} as const;
export type StatementKind = keyof typeof statementTypes;

/** From least to most; a host's ceiling allows what stands before it too, a roster only what it names. */
export const capabilities = ['observe', 'probe', 'capture-headers', 'capture-payload', 'terminate'] as const;
export type Capability = (typeof capabilities)[number];

/** From weakest to strongest; a host's file names the weakest that it takes. */
export const signers = ['browser', 'passkey', 'approve'] as const;
export type Signer = (typeof signers)[number];

/** A public Ed25519 key (RFC 8037). */
export interface PublicJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  /** 32 bytes, base64url. */
  x: string;
}

/** Somebody who may sign commands. */
export interface RosterOperator {
  /** As people know them: the account's name. */
  name: string;
  /** How this key signs. */
  signer: Signer;
  /** RFC 7800. `jwk` for `browser` and `approve`; `passkey` for `passkey`. */
  cnf: { jwk: PublicJwk } | { passkey: PasskeyKey };
  /** What they may ask for, each by its name (none brings another along); empty = nothing. */
  capabilities: Capability[];
  /** Of whom; both empty = nobody. There is no wildcard. */
  hosts: {
    /** Thumbprints of hosts' keys. */
    ids: string[];
    /** Labels of the host's own file, "key=value"; one that matches is enough. */
    labels: string[];
  };
}

export interface PasskeyKey {
  /** base64url, at most 1,023 bytes. */
  credentialId: string;
  /** SubjectPublicKeyInfo, DER, base64url: what getPublicKey() gave at registration. */
  spki: string;
  /** COSE algorithm: -7 (ES256), -8 (EdDSA), -257 (RS256). */
  algorithm: -7 | -8 | -257;
}

/** Signed by the owner key. Says who may sign commands, until it expires. */
export interface RosterClaims {
  /** Thumbprint of the owner key. */
  iss: string;
  /** Rises with every roster; a host never goes back. */
  serial: number;
  /** Seconds since the Unix epoch. */
  iat: number;
  /** At most 30 days after iat. */
  exp: number;
  /** For passkeys: WebAuthn's relying party and the origins of the dashboard. null = no passkeys. */
  rp: { id: string; origins: string[] } | null;
  operators: RosterOperator[];
}

/** Signed by the recovery key. From now on another owner key signs rosters. */
export interface OwnerClaims {
  /** Thumbprint of the recovery key. */
  iss: string;
  /** Rises with every change. */
  serial: number;
  iat: number;
  /** The new owner key. */
  owner: PublicJwk;
}

/** A process as the host sees it; every text is untrusted. */
export interface OfferedProcess {
  pid: number;
  /** Clock ticks since boot (/proc/PID/stat field 22), as decimal digits. */
  startTicks: string;
  /** Seconds since the Unix epoch, by the host's clock; for people. */
  startedAt: number;
  name: string;
  executable: string;
  /** SHA-256 of the executable, hex; empty when it could not be read or is larger than 256 MiB. */
  sha256: string;
  device: string;
  inode: string;
  user: string;
  commandLine: string;
}

export type OfferedAction =
  | { kind: 'terminate'; process: OfferedProcess; tree: OfferedProcess[] }
  | {
      kind: 'close-connection';
      protocol: 'tcp';
      local: { address: string; port: number };
      remote: { address: string; port: number };
      cookie: string;
      process: OfferedProcess | null;
    }
  | {
      kind: 'run-tool';
      tool: string;
      /** JSON exactly as the host will use it. */
      parameters: string;
      /** Where the target resolved to when the offer was made; empty = the tool has none. */
      addresses: string[];
    };

/** What would happen, for the person who signs. */
export interface OfferPreview {
  parent: { pid: number; name: string } | null;
  unit: string;
  container: string;
  /** Direct and indirect children that are not in the tree, at most 20; `childCount` counts all. */
  children: { pid: number; name: string }[];
  childCount: number;
  /** Open connections of all targets, at most 20; `connectionCount` counts all. */
  connections: { protocol: string; remote: string; name: string }[];
  connectionCount: number;
  /** What will start it again: "unit nginx.service (Restart=always)"; empty = nothing found. */
  restartedBy: string;
  /** What was looked at to say so. */
  restartChecked: string[];
}

/** Signed by the host. Good for `lifeSeconds` of the host's monotonic clock; held in memory only. */
export interface OfferClaims {
  /** Thumbprint of the host's key. */
  iss: string;
  /** 32 random bytes, base64url. */
  nonce: string;
  bootId: string;
  /** Seconds since the Unix epoch, by the host's clock; for people only. */
  iat: number;
  lifeSeconds: number;
  action: OfferedAction;
  preview: OfferPreview;
  /** What the host's file allows, and the weakest signer that it takes for this action. */
  allowed: Capability[];
  weakestSigner: Signer;
}

/** Signed by an operator of kind `browser` or `approve`. */
export interface CommandClaims {
  /** Thumbprint of the operator's key. */
  iss: string;
  /** Thumbprint of the one host's key; a string, never a list. */
  aud: string;
  /** commandDigest of the offer and the action, base64url. A passkey signs the same digest as its challenge. */
  digest: string;
}

export type Outcome =
  'completed' | 'cancelled' | 'gone' | 'respawned' | 'still-there' | 'closed' | 'refused' | 'failed';

/** Signed by the host once the command ended. */
export interface ReceiptClaims {
  iss: string;
  /** SHA-256 of the offer's text, base64url. */
  offer: string;
  /** Seconds since the Unix epoch, by the host's clock. */
  iat: number;
  outcome: Outcome;
  /** A refusal code, when refused. */
  code: string;
  /** For people: "gone 1.2 s after SIGTERM", "respawned as PID 4711 by nginx.service". */
  detail: string;
  /** Thumbprint and name of the operator whose signature was verified; empty when none was. */
  operator: { thumbprint: string; name: string };
}

/** Signed by the keeper of an audit chain: a host, or the collector. */
export interface AuditHeadClaims {
  /** Thumbprint of the keeper's key. */
  iss: string;
  sequence: number;
  /** SHA-256 of the last entry, hex. */
  hash: string;
  iat: number;
}
