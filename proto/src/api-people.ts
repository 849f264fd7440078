// People and tokens as the REST API shows them: who one is, accounts, sessions, API tokens.

export type RoleName = 'viewer' | 'operator' | 'admin';

/** What a token may be used for; it is bounded by its role as well. No token signs. */
export type TokenScope = 'read' | 'export' | 'command:request' | 'admin';

/** GET /session. */
export interface SessionInfo {
  kind: 'session' | 'token';
  role: RoleName;
  /** The account's name, the token's, or "login link". */
  name: string;
  /** null: a login link, or a token. */
  accountId: number | null;
  /** Only hosts with one of these; empty = all hosts. */
  hostLabels: string[];
  /** May sign commands, if a key of theirs is in the roster. */
  canSign: boolean;
  expiresAt: string | null;
  /** There is no administrator yet, and this session may make the first one. */
  setupNeeded: boolean;
}

/** Of POST /session, POST /setup and PUT /account/password: one half of the session; the cookie is the other. */
export interface OpenedSession {
  secret: string;
  role: RoleName;
  expiresAt: string;
}

export interface Account {
  id: number;
  name: string;
  role: RoleName;
  /** Only hosts with one of these; null = all hosts. */
  hostLabels: string[] | null;
  disabled: boolean;
  createdAt: string;
  passwordSetAt: string;
  signedInAt: string | null;
  /** Open at the moment. */
  sessions: number;
}

export interface OpenSession {
  createdAt: string;
  expiresAt: string;
  /** Of the address that signed in: a /24 or /56, or "this machine". */
  network: string;
  /** As the browser calls itself; untrusted. */
  userAgent: string;
  current: boolean;
}

export interface ApiToken {
  id: number;
  name: string;
  role: RoleName;
  scopes: TokenScope[];
  hostLabels: string[] | null;
  createdAt: string;
  createdBy: string;
  expiresAt: string | null;
  revokedAt: string | null;
}

export interface NewApiToken {
  id: number;
  /** Shown here only. */
  token: string;
  expiresAt: string | null;
}

export interface HostLabels {
  labels: string[];
}
