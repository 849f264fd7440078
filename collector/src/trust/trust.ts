// Keeps the roster true: signs a new one whenever grants, accounts or hosts have changed or it grows old, while the owner key is here.
import type { TrustUpdate } from '@foretop/proto';
import type { TrustState } from '@foretop/proto/api';
import { operatorThumbprint, type RosterClaims, thumbprint } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../store/database.ts';
import { listOwnerChanges, lockTrust, newestRoster, writeRelyingParty } from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import { isRecoveryKeyHere, openTrustKeys, recoveryKeyPath } from './owner-keys.ts';
import { publishRoster } from './publish-roster.ts';
import { noRoom, readInForce, type Settled, settleRoster } from './settle-roster.ts';
import type { RelyingParty } from './wanted-roster.ts';

export interface Trust extends AsyncDisposable {
  /** What hosts are told now. */
  current(): TrustUpdate;
  /** Called after what hosts are told has changed. @returns how to stop. */
  onChange(listener: () => void): () => void;
  state(): Promise<TrustState>;
  /**
   * Does the work and signs what follows from it, both or neither. Throws TrustError roster-refused when that cannot be signed;
   * with `whole` also when not everybody who was granted something has room in the roster.
   */
  change(work: (db: Kysely<Database>) => Promise<void>, options?: { whole?: boolean }): Promise<Settled>;
  /** Puts a roster in force that the owner key signed elsewhere. Throws TrustError roster-refused. */
  publish(statement: string): Promise<RosterClaims>;
}

export interface TrustOptions {
  store: Pick<Store, 'db'>;
  dataDir: string;
  relyingParty: RelyingParty;
  log: Logger;
  /** Told in words what a person must know, once. */
  progress?: (text: string) => void;
  now?: () => number;
}

/** What the command line, another collector, accounts and enrolments change is noticed within this time. */
const lookEveryMs = 5_000;

/** Makes owner and recovery key at the first start. Throws TrustError. */
export async function startTrust(options: TrustOptions): Promise<Trust> {
  const { store, dataDir, relyingParty, log } = options;
  const now = options.now ?? Date.now;
  const listeners = new Set<() => void>();
  let told: TrustUpdate = { roster: '', ownerChanges: [] };
  let problem = '';

  const { made } = await openTrustKeys(store.db, dataDir);
  if (made) {
    const path = recoveryKeyPath(dataDir);
    log.warn({ event: 'recovery-key-made', path });
    options.progress?.(`The recovery key is in ${path}. Move it to another machine or onto paper: see docs/trust.md`);
  }

  await writeRelyingParty(store.db, relyingParty);

  const where = () => ({ dataDir, relyingParty, nowMs: now() });

  const refresh = async (): Promise<void> => {
    const [roster, changes] = await Promise.all([newestRoster(store.db), listOwnerChanges(store.db)]);
    const fresh = { roster: roster?.statement ?? '', ownerChanges: changes.map(({ statement }) => statement) };
    if (fresh.roster === told.roster && fresh.ownerChanges.length === told.ownerChanges?.length) return;
    told = fresh;
    for (const listener of listeners) listener();
  };

  const change: Trust['change'] = async (work, options) => {
    const settled = await store.db.transaction().execute(async (transaction) => {
      await lockTrust(transaction);
      await work(transaction);
      return settleRoster(transaction, where(), options);
    });
    if (settled.kind === 'signed') log.info({ event: 'roster-signed', serial: settled.roster.serial });
    await refresh();
    return settled;
  };

  const look = async (): Promise<void> => {
    try {
      const { due, online } = await readInForce(store.db, where());
      if (due && online) await change(() => Promise.resolve());
      problem = '';
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== problem) log.warn({ event: 'roster-not-kept', error: text });
      problem = text;
    }
    // What was signed elsewhere is told even while nothing can be signed here; an unreachable database was noted above.
    await refresh().catch(() => undefined);
  };
  await look();
  let looking = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look().finally(() => (busy = false));
  }, lookEveryMs).unref();

  return {
    current: () => told,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async state() {
      const { pins, online, claims, wanted, leftOut, due } = await readInForce(store.db, where());
      const named = (x: string) => thumbprint({ kty: 'OKP', crv: 'Ed25519', x });
      return {
        owner: { thumbprint: await named(pins.owner), online },
        recovery: { thumbprint: await named(pins.recovery), online: await isRecoveryKeyHere(dataDir) },
        roster: claims === undefined ? null : await shownRoster(claims),
        rp: relyingParty,
        unsigned: due && !online ? wanted : null,
        problem: problem === '' && leftOut.length > 0 ? noRoom(leftOut) : problem,
      };
    },
    change,
    async publish(statement) {
      const roster = await store.db.transaction().execute(async (transaction) => {
        await lockTrust(transaction);
        return publishRoster(transaction, statement, now());
      });
      await refresh();
      return roster;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function shownRoster(claims: RosterClaims): Promise<NonNullable<TrustState['roster']>> {
  return {
    serial: claims.serial,
    issuedAt: new Date(claims.iat * 1_000).toISOString(),
    expiresAt: new Date(claims.exp * 1_000).toISOString(),
    rp: claims.rp,
    operators: await Promise.all(
      claims.operators.map(async (operator) => ({ ...operator, thumbprint: await operatorThumbprint(operator.cnf) })),
    ),
  };
}
