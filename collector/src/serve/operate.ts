// What an operator does on the command line, against the database of a collector that runs or not.
import type { Logger } from 'pino';
import { openStore, type Store } from '../store/database.ts';
import { listTokens, readServedPort, revokeToken } from '../store/queries/access.ts';
import { type AuditDetail, insertAudit } from '../store/queries/audit.ts';
import { listHosts } from '../store/queries/hosts.ts';
import type { Role } from '../store/schema.ts';
import { openTrustKeys } from '../trust/owner-keys.ts';
import { createEnrolToken, revokeHost } from '../wire/enrolment.ts';
import { scopesOf } from './auth/access.ts';
import { createLoginCode, loginLink } from './auth/login-link.ts';
import { createApiToken } from './auth/tokens.ts';
import { printable } from '../config/printable.ts';

/** What was asked for does not exist. */
export class OperateError extends Error {
  readonly code = 'not-found';
  readonly retryable = false;
}

export interface Output {
  /** What the command is for: a token, a list. */
  result: (text: string) => void;
  /** What a person should know about it, kept apart so that results can be piped. */
  note: (text: string) => void;
}

export type Operation = (store: Store, output: Output) => Promise<void>;

/** Opens the database for one operation. Throws StoreError and OperateError. */
export async function operate(
  where: { dataDir: string; databaseUrl: string | undefined },
  log: Logger,
  output: Output,
  operation: Operation,
): Promise<void> {
  await using store = await openStore({ ...where, role: 'command', log });
  await operation(store, output);
}

export function tokenCreate(wanted: { role: Role; name: string; days: number | undefined }): Operation {
  return async ({ db }, { result, note }) => {
    const expiresAt = wanted.days === undefined ? null : new Date(Date.now() + wanted.days * 86_400_000);
    const { name, role } = wanted;
    const bounds = { scopes: scopesOf(role), hostLabels: null, createdBy: 'command line' };
    const { tokenId, token } = await createApiToken(db, { name, role, expiresAt, ...bounds });
    await record(db, 'token.create', { tokenId, role: wanted.role, expiresAt: expiresAt?.toISOString() ?? null });
    note(
      `Token ${tokenId}, role ${wanted.role}, ${expiresAt === null ? 'until revoked' : `until ${expiresAt.toISOString()}`}. It is shown only once.`,
    );
    result(token);
  };
}

export function tokenList(json: boolean): Operation {
  return async ({ db }, { result }) => {
    const rows = (await listTokens(db)).map((row) => ({
      id: row.token_id,
      role: row.role,
      scopes: row.scopes,
      hosts: row.host_labels,
      name: row.name,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
    }));
    result(
      json
        ? JSON.stringify(rows)
        : table(
            ['ID', 'ROLE', 'SCOPES', 'HOSTS', 'NAME', 'CREATED', 'EXPIRES', 'REVOKED'],
            rows.map((row) =>
              Object.values({ ...row, scopes: row.scopes.join(' '), hosts: row.hosts?.join(' ') ?? 'all' }),
            ),
          ),
    );
  };
}

export function tokenRevoke(tokenId: number): Operation {
  return async ({ db }, { note }) => {
    if (!(await revokeToken(db, tokenId, new Date())))
      throw new OperateError(`There is no token ${tokenId} that could be revoked.`);
    await record(db, 'token.revoke', { tokenId });
    note(`Token ${tokenId} is revoked.`);
  };
}

/** `dataDir` is the collector's own; undefined: the collector may be elsewhere, and only it makes keys. */
export function enrolTokenCreate(dataDir: string | undefined): Operation {
  return async (store, { result, note }) => {
    // The host is to pin the owner key, also when the collector was never started yet.
    if (dataDir !== undefined) await openTrustKeys(store.db, dataDir);
    const { token, expiresAt } = await createEnrolToken(store);
    await record(store.db, 'enrol-token.create', { expiresAt: expiresAt.toISOString() });
    note(
      `Enrols one host, until ${expiresAt.toISOString()}. Hand it over by file: foretop-agent run --collector URL --token-file FILE`,
    );
    result(token);
  };
}

export function hostsList(json: boolean): Operation {
  return async ({ db }, { result }) => {
    const rows = (await listHosts(db)).map((row) => ({
      id: row.host_id,
      name: row.name,
      addresses: row.addresses.join(' '),
      os: row.os,
      enrolledAt: row.enrolled_at,
      lastSeenAt: row.last_seen_at,
      revokedAt: row.revoked_at,
    }));
    result(
      json
        ? JSON.stringify(rows)
        : table(['ID', 'NAME', 'ADDRESSES', 'OS', 'ENROLLED', 'LAST SEEN', 'REVOKED'], rows.map(Object.values)),
    );
  };
}

export function hostsRevoke(hostId: number): Operation {
  return async (store, { note }) => {
    if (!(await revokeHost(store, hostId)))
      throw new OperateError(`There is no host ${hostId}. See: foretop hosts list`);
    await record(store.db, 'host.revoke', { hostId });
    note(`Host ${hostId} is revoked: its key is refused from now on, and its connection is cut.`);
  };
}

export function createLoginLink(port: number | undefined, standardPort: number, publicUrl?: string): Operation {
  return async ({ db }, { result, note }) => {
    const served = port ?? (await readServedPort(db)) ?? standardPort;
    note('Good once, for 10 minutes, in a browser on this machine, while the collector runs.');
    const code = await createLoginCode(db);
    await record(db, 'login-link.create', {});
    result(loginLink(served, code, port === undefined ? publicUrl : undefined));
  };
}

export const record = (db: Store['db'], action: string, detail: AuditDetail) =>
  insertAudit(db, { actor: 'command line', action, detail, outcome: 'done' });

/** Columns as wide as they need. Hosts' names cannot steer the terminal. */
export function table(head: string[], rows: unknown[][]): string {
  const cells = rows.map((row) => row.map(cell));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: unknown): string {
  if (value === null || value === '') return '-';
  return value instanceof Date ? value.toISOString().slice(0, 19).replace('T', ' ') : printable(String(value));
}
