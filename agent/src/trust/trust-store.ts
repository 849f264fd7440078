// Whom this host believes: the pinned owner key, and the newest roster that it signed, until that expires.
import {
  type OwnerClaims,
  type PublicJwk,
  peekStatement,
  readStatement,
  type RefusalCode,
  type RosterClaims,
  StatementError,
  thumbprint,
} from '@foretop/proto/trust';
import type { Clock } from '../host/clock.ts';
import type { AuditDetail, AuditEvent } from './audit-entry.ts';
import { isKey, type Pinned, readTrust, type TrustRecord, writeTrust } from './trust-file.ts';

/** Of an enrolment token; each may be missing. */
export interface TokenPins {
  owner?: string | undefined;
  recovery?: string | undefined;
  /** Of the newest change of the owner key when the token was made. */
  ownerSerial?: number | undefined;
}

/** What changed, or was refused, in the words of the audit. */
export interface TrustNews {
  event: AuditEvent;
  detail: AuditDetail;
}

export type BelievedRoster =
  | { code: Extract<RefusalCode, 'no-owner' | 'no-roster' | 'roster-expired'>; detail: string }
  | { claims: RosterClaims };

export interface TrustStoreOptions {
  path: string;
  clock: Clock;
  bootId: string;
  /** The file cannot be read or written. What was accepted counts all the same, until a restart. */
  onTrouble: (error: Error) => void;
}

const mostChanges = 64;
const secondUs = 1_000_000;
/** How much of a roster's age a restart may forget. */
const agingUs = 600 * secondUs;

export interface TrustStore {
  /** Once and for all: keys that are pinned are not replaced by a token. undefined = nothing new. */
  pin(pins: TokenPins): TrustNews | undefined;
  /** Takes what is newer and signed by whom it must be. Never throws for what the collector sent. */
  update(update: { roster: string; ownerChanges: readonly string[] }): Promise<TrustNews[]>;
  /** Who may sign now, or why nobody. */
  roster(): BelievedRoster;
  /** For people; all but the thumbprints as it stands even when it has expired. */
  summary(): { owner: string; recovery: string; serial: number; expires: number };
}

/** A roster in the file is checked again, so that an edited one counts as none. */
export async function openTrustStore(options: TrustStoreOptions): Promise<TrustStore> {
  const store = new Store(options);
  await store.load();
  return store;
}

class Store implements TrustStore {
  readonly #options: TrustStoreOptions;
  #record: TrustRecord | undefined;
  #isDamaged = false;
  #claims: RosterClaims | undefined;
  #thumbprints = { owner: '', recovery: '' };

  constructor(options: TrustStoreOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    try {
      this.#record = readTrust(this.#options.path);
    } catch (error) {
      this.#isDamaged = true;
      this.#options.onTrouble(error as Error);
      return;
    }
    if (this.#record === undefined) return;
    await this.#named();
    if (this.#record.roster === '') return;
    try {
      this.#claims = await readStatement('roster', this.#record.roster, jwk(this.#record.owner));
    } catch (error) {
      this.#options.onTrouble(error as Error);
    }
  }

  pin({ owner, recovery = '', ownerSerial = 0 }: TokenPins): TrustNews | undefined {
    if (owner === undefined) return undefined;
    const refused = (why: string): TrustNews => ({ event: 'owner-refused', detail: { why } });
    if (!isKey(owner) || !(recovery === '' || isKey(recovery)) || !Number.isSafeInteger(ownerSerial) || ownerSerial < 0)
      return refused('the keys in the enrolment token are damaged');
    if (this.#isDamaged) return refused('trust.json is there and cannot be read; delete it to pin other keys');
    if (this.#record !== undefined) {
      const isSame = this.#record.recovery === recovery && (recovery !== '' || this.#record.owner === owner);
      return isSame ? undefined : refused('other keys are pinned already; delete trust.json to pin those of the token');
    }
    this.#keep({ owner, recovery, ownerSerial, roster: '', age: this.#agedBy(0) });
    void this.#named();
    return { event: 'pinned', detail: { owner, recovery, ownerSerial } };
  }

  async update({ roster, ownerChanges }: { roster: string; ownerChanges: readonly string[] }): Promise<TrustNews[]> {
    const news: TrustNews[] = [];
    for (const text of ownerChanges.slice(-mostChanges)) {
      const change = await this.#changeOwner(text);
      if (change) news.push(change);
    }
    const change = roster === '' ? undefined : await this.#takeRoster(roster);
    return change ? [...news, change] : news;
  }

  roster(): BelievedRoster {
    if (this.#record === undefined) {
      const detail = this.#isDamaged
        ? 'trust.json on the host cannot be read.'
        : 'The host was enrolled without an owner key. Enrol it again with a new token.';
      return { code: 'no-owner', detail };
    }
    if (this.#claims === undefined) return { code: 'no-roster', detail: '' };
    const now = this.#nowSeconds(this.#claims);
    if (now < this.#claims.exp) return { claims: this.#claims };
    const detail = `By the host's clock it is ${dateText(now)}; the roster was good until ${dateText(this.#claims.exp)}.`;
    return { code: 'roster-expired', detail };
  }

  summary() {
    return { ...this.#thumbprints, serial: this.#claims?.serial ?? 0, expires: this.#claims?.exp ?? 0 };
  }

  /** Only the recovery key replaces the owner key; an owner key that names its own successor is refused like anybody else. */
  async #changeOwner(text: string): Promise<TrustNews | undefined> {
    const pinned = this.#record;
    if (pinned === undefined) return undefined;
    const refused = (why: string): TrustNews => ({ event: 'owner-refused', detail: { why } });
    if (pinned.recovery === '' || pinned.recovery === pinned.owner) return refused('no recovery key is pinned');
    let claims: OwnerClaims;
    try {
      if (peekStatement('owner', text).serial <= pinned.ownerSerial) return undefined;
      claims = await readStatement('owner', text, jwk(pinned.recovery));
    } catch (error) {
      return refused(reasonOf(error));
    }
    if (claims.owner.x === pinned.recovery) return refused('the recovery key cannot be the owner key too');
    const { owner, serial } = claims;
    // The new key counts its rosters from the beginning: whoever had the old one may have used up the numbers.
    this.#keep({ ...pinned, owner: owner.x, ownerSerial: serial, roster: '', age: this.#agedBy(0) });
    this.#claims = undefined;
    await this.#named();
    return { event: 'owner-changed', detail: { owner: owner.x, serial } };
  }

  async #takeRoster(text: string): Promise<TrustNews | undefined> {
    const pinned = this.#record;
    if (pinned === undefined || text === pinned.roster) return undefined;
    const refused = (why: string): TrustNews => ({ event: 'roster-refused', detail: { why } });
    let claims: RosterClaims;
    try {
      claims = await readStatement('roster', text, jwk(pinned.owner));
    } catch (error) {
      return refused(reasonOf(error));
    }
    const known = this.#claims?.serial ?? 0;
    if (claims.serial <= known) return refused(`its serial is ${claims.serial}, and ${known} is known`);
    this.#keep({ ...pinned, roster: text, age: this.#agedBy(0) });
    this.#claims = claims;
    const { serial, exp, operators } = claims;
    return { event: 'roster-accepted', detail: { serial, expires: dateText(exp), operators: operators.length } };
  }

  /** Never behind the time at which the newest roster was issued, and never standing still, whatever the wall clock says. */
  #nowSeconds({ iat }: RosterClaims): number {
    const age = this.#agedBy(this.#ageSeconds());
    if (age.bootId !== this.#record!.age.bootId || age.boottimeUs - this.#record!.age.boottimeUs > agingUs)
      this.#keep({ ...this.#record!, age });
    return Math.max(Math.floor(this.#options.clock.wallUs() / secondUs), iat + age.seconds);
  }

  /** After a restart of the machine at least the time since then has passed. */
  #ageSeconds(): number {
    const { seconds, bootId, boottimeUs } = this.#record!.age;
    const from = bootId === this.#options.bootId ? boottimeUs : 0;
    return seconds + Math.max(0, Math.floor((this.#options.clock.boottimeUs() - from) / secondUs));
  }

  #agedBy(seconds: number): TrustRecord['age'] {
    return { seconds, bootId: this.#options.bootId, boottimeUs: Math.floor(this.#options.clock.boottimeUs()) };
  }

  #keep(record: TrustRecord): void {
    this.#record = record;
    try {
      writeTrust(this.#options.path, record);
    } catch (error) {
      this.#options.onTrouble(error as Error);
    }
  }

  async #named(): Promise<void> {
    const { owner, recovery }: Pinned = this.#record!;
    const name = (x: string) => (x === '' ? '' : thumbprint(jwk(x)));
    this.#thumbprints = { owner: await name(owner), recovery: await name(recovery) };
  }
}

const jwk = (x: string): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x });

function reasonOf(error: unknown): string {
  if (error instanceof StatementError) return error.message;
  throw error;
}

function dateText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
