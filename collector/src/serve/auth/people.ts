// People with passwords: they sign in by name, the first administrator is made, passwords are changed.
import type { Kysely } from 'kysely';
import {
  type AccountFault,
  countAdministrators,
  findAccount,
  hasSessionFrom,
  insertAccount,
  noteSignIn,
  passwordHashOf,
  setPassword,
} from '../../store/queries/accounts.ts';
import type { Database, Role } from '../../store/schema.ts';
import type { Audit } from '../audit.ts';
import { RequestError } from '../problem.ts';
import { type Access, type Identity, type NewSession, refuseWhenTired } from './access.ts';
import { nameKey } from './account-name.ts';
import type { Caller } from './caller.ts';
import { createGuessing, type Guess } from './guessing.ts';
import { passwordFault, type Passwords } from './passwords.ts';

export interface NewPerson {
  name: string;
  password: string;
  role: Role;
  hostLabels: readonly string[] | null;
}

export interface People {
  /** Throws RequestError login-refused, too-many-attempts or unavailable; as fast for a name that does not exist. */
  signIn(given: { name: string; password: string }, caller: Caller): Promise<NewSession>;
  /** @returns the account's id. Throws RequestError invalid-request or conflict. */
  create(person: NewPerson, options?: { first?: boolean }): Promise<number>;
  /** Makes the first administrator, who goes on in a session of their own. Throws RequestError. */
  setUp(by: Identity, given: { name: string; password: string }, caller: Caller): Promise<NewSession>;
  /** Whether this session may make the first administrator. */
  setupNeeded(identity: Identity): Promise<boolean>;
  /** Ends every session of the account. Throws RequestError. */
  resetPassword(account: { id: number; name: string }, password: string): Promise<void>;
  /** Ends every session of theirs and opens a new one. Throws RequestError password-refused. */
  changeOwn(by: Identity, given: { current: string; password: string }, caller: Caller): Promise<NewSession>;
  counters(): Record<string, number>;
}

export interface PeopleOptions {
  db: Kysely<Database>;
  access: Access;
  passwords: Passwords;
  audit: Audit;
  now?: () => number;
}

const otherWay = ', or sign in with a login link, made where the collector runs: foretop login-link';

export function createPeople({ db, access, passwords, audit, now = Date.now }: PeopleOptions): People {
  const guessing = createGuessing(now);
  let failures = 0;

  /** Looks at the password unless this guess has to wait. */
  const isRight = async (guess: Guess, password: string, hash: string | undefined, hint: string): Promise<boolean> => {
    refuseWhenTired(guessing.begin(guess), hint);
    try {
      const right = await passwords.matches(password, hash);
      if (right) guessing.succeeded(guess);
      else failures += 1;
      return right;
    } catch (error) {
      guessing.abandoned(guess);
      throw error;
    }
  };

  const create: People['create'] = async ({ name, password, role, hostLabels }, options) => {
    requireGood(password, name);
    const passwordHash = await passwords.hash(password);
    const account = { name, nameKey: nameKey(name), passwordHash, role, hostLabels };
    const outcome = await insertAccount(db, account, options);
    if ('fault' in outcome) throw accountError(outcome.fault);
    return outcome.done;
  };

  return {
    create,
    async signIn({ name, password }, caller) {
      const key = nameKey(name);
      const known = await hasSessionFrom(db, { nameKey: key, network: caller.network, now: new Date(now()) });
      const account = await findAccount(db, key);
      const guess = { name: key, network: caller.network, known };
      const right = await isRight(guess, password, account?.passwordHash, otherWay);
      if (!right || account === undefined || account.disabled) {
        // A name that nobody has may be a password that slipped into the wrong field.
        const who = account?.name ?? 'nobody of that name';
        await audit(undefined, 'session.create', { name: who, network: caller.network }, 'refused');
        throw new RequestError('login-refused', 'The name or the password is wrong, or the account is disabled.');
      }
      const session = await access.openSession(account, caller);
      await noteSignIn(db, account.accountId, new Date(now()));
      return session;
    },
    async setUp(by, { name, password }, caller) {
      if (!isLoginLink(by)) {
        throw new RequestError(
          'person-needed',
          'The first administrator is made in a session of a login link. Make one with: foretop login-link',
        );
      }
      const accountId = await create({ name, password, role: 'admin', hostLabels: null }, { first: true });
      const session = await access.openSession({ accountId, role: 'admin' }, caller);
      await noteSignIn(db, accountId, new Date(now()));
      await access.signOut(by);
      return session;
    },
    setupNeeded: async (identity) => isLoginLink(identity) && (await countAdministrators(db)) === 0,
    async resetPassword({ id, name }, password) {
      requireGood(password, name);
      if (!(await setPassword(db, id, await passwords.hash(password), new Date(now()))))
        throw accountError('no-such-account');
    },
    async changeOwn(by, { current, password }, caller) {
      const { accountId, name, role } = by;
      const hash = accountId === null ? undefined : await passwordHashOf(db, accountId);
      if (accountId === null || hash === undefined)
        throw new RequestError('invalid-request', 'This session has no account, and so no password to change.');
      requireGood(password, name);
      const guess = { name: nameKey(name), network: caller.network, known: true };
      if (!(await isRight(guess, current, hash, '')))
        throw new RequestError('password-refused', 'The present password is another one.');
      await setPassword(db, accountId, await passwords.hash(password), new Date(now()));
      return access.openSession({ accountId, role }, caller);
    },
    counters: () => ({ ...guessing.counters(), ...passwords.counters(), password_failures_total: failures }),
  };
}

const isLoginLink = (identity: Identity) => 'cookieHash' in identity && identity.accountId === null;

function requireGood(password: string, name: string): void {
  const fault = passwordFault(password, name);
  if (fault !== undefined) throw new RequestError('invalid-request', fault);
}

/** What a fault of the account table is to whoever asked. */
export function accountError(fault: AccountFault): RequestError {
  const words: Record<AccountFault, string> = {
    'name-taken': 'There is an account of this name already. Choose another name.',
    'not-first': 'There is an administrator already. Sign in as that one to make further accounts.',
    'last-administrator':
      'This is the last administrator who can sign in. Make another one first, under Settings or with: foretop account create',
    'no-such-account': 'There is no such account.',
  };
  return new RequestError(fault === 'no-such-account' ? 'not-found' : 'conflict', words[fault]);
}
