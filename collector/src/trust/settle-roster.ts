// Compares the roster in force with what was granted, and signs a new one where they differ and the owner key is here.
import { peekStatement, type RosterClaims, signStatement, StatementError } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import { insertAudit } from '../store/queries/audit.ts';
import { listGrantedKeys } from '../store/queries/signing-keys.ts';
import { insertRoster, newestRoster, readPins, type RosterRow, type TrustPins } from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import type { KeyPair } from './key-file.ts';
import { ownerKeyHere } from './owner-keys.ts';
import { TrustError } from './trust-error.ts';
import { claimsFor, contentOf, fitting, isStale, type RelyingParty, saysTheSame } from './wanted-roster.ts';

export interface Where {
  dataDir: string;
  relyingParty: RelyingParty;
  nowMs: number;
}

export interface InForce {
  pins: TrustPins;
  /** The owner key is here. */
  online: boolean;
  /** Of the newest roster; undefined: there is none, or it is of an earlier owner key. */
  claims: RosterClaims | undefined;
  /** What would be signed now. */
  wanted: RosterClaims;
  /** Accounts with a key that no roster has room for. */
  leftOut: string[];
  /** The roster does not say what was granted, or, where the owner key is here, grows old. */
  due: boolean;
}

/** Throws TrustError. */
export async function readInForce(db: Kysely<Database>, where: Where): Promise<InForce> {
  const { key, ...state } = await readState(db, where);
  return { ...state, online: key !== undefined };
}

async function readState(db: Kysely<Database>, { dataDir, relyingParty, nowMs }: Where) {
  const pins = await requirePins(db);
  const key = await ownerKeyHere(dataDir, pins);
  const newest = await newestRoster(db);
  const { content, leftOut } = fitting(contentOf(await listGrantedKeys(db), relyingParty));
  const online = key !== undefined;
  const wanted = await claimsFor(content, pins.owner, { newest: newest?.serial, nowMs, online });
  const claims = newest && claimsOf(newest, wanted.iss);
  const due = claims === undefined || !saysTheSame(claims, wanted) || (online && isStale(claims, nowMs));
  return { pins, key, claims, wanted, leftOut, due };
}

/** It was checked when it was stored; one of an earlier owner key counts no more. */
function claimsOf(row: RosterRow, owner: string): RosterClaims | undefined {
  const claims = peekStatement('roster', row.statement);
  return claims.iss === owner ? claims : undefined;
}

export type Settled =
  | { kind: 'unchanged'; roster: RosterClaims }
  | { kind: 'signed'; roster: RosterClaims }
  /** Due, and to be signed elsewhere. */
  | { kind: 'owner-offline'; roster: RosterClaims };

/**
 * Within a transaction that holds the lock. Throws TrustError: with `whole` also when not everybody who was granted something
 * has room.
 */
export async function settleRoster(db: Kysely<Database>, where: Where, { whole = false } = {}): Promise<Settled> {
  const { key, claims, wanted, leftOut, due } = await readState(db, where);
  if (whole && leftOut.length > 0) throw new TrustError('roster-refused', noRoom(leftOut));
  if (!due) return { kind: 'unchanged', roster: claims! };
  if (key === undefined) return { kind: 'owner-offline', roster: wanted };
  await insertRoster(db, rowOf(wanted, await signRoster(wanted, key)));
  await insertAudit(db, {
    actor: 'collector',
    action: 'roster.sign',
    detail: { serial: wanted.serial, operators: wanted.operators.length },
    outcome: 'done',
  });
  return { kind: 'signed', roster: wanted };
}

export const noRoom = (names: readonly string[]): string =>
  `The roster has no room for all the hosts granted to ${[...new Set(names)].join(', ')}. Grant by labels of the hosts' own files instead.`;

/** Throws TrustError roster-refused when no host would take it. */
export async function signRoster(claims: RosterClaims, key: KeyPair): Promise<string> {
  try {
    return await signStatement('roster', claims, key.privateKey, key.thumbprint);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    throw new TrustError('roster-refused', `The roster cannot be signed: ${error.message}.`, { cause: error });
  }
}

export const rowOf = (claims: RosterClaims, statement: string): RosterRow => ({
  serial: claims.serial,
  issued_at: new Date(claims.iat * 1_000),
  expires_at: new Date(claims.exp * 1_000),
  statement,
});

/** Throws TrustError when the collector was never started. */
export async function requirePins(db: Kysely<Database>): Promise<TrustPins> {
  const pins = await readPins(db);
  if (pins !== undefined) return pins;
  throw new TrustError('key-file', 'There is no owner key yet. The collector makes it when it is first started.');
}
