// What `foretop account` does to the accounts in the database.
import { accountName, boundLabels, nameKey } from '../serve/auth/account-name.ts';
import { createPasswords, passwordFault } from '../serve/auth/passwords.ts';
import { accountError } from '../serve/auth/people.ts';
import { type Operation, record, table } from '../serve/operate.ts';
import { findAccount, insertAccount, listAccounts, setPassword } from '../store/queries/accounts.ts';
import type { Role } from '../store/schema.ts';
import { CliError } from './cli-error.ts';

const mostListed = 10_000;

/** Rejects with CliError. */
export function accountCreate(wanted: {
  name: string;
  role: Role;
  hostLabels: readonly string[] | null;
  password: string;
}): Operation {
  return async ({ db }, { note }) => {
    const name = parsed(accountName.safeParse(wanted.name));
    const hostLabels = parsed(boundLabels.safeParse(wanted.hostLabels));
    const { role } = wanted;
    if (role === 'admin' && hostLabels !== null)
      throw new CliError('usage', 'An administrator sees every host. Leave out --label, or choose another role.');
    const passwordHash = await hashed(wanted.password, name);
    const outcome = await insertAccount(db, { name, nameKey: nameKey(name), passwordHash, role, hostLabels });
    if ('fault' in outcome) throw new CliError('usage', accountError(outcome.fault).message);
    await record(db, 'account.create', { accountId: outcome.done, name, role, hosts: hostLabels?.join(' ') ?? 'all' });
    note(`${name} can sign in as ${role}.`);
  };
}

export function accountList(json: boolean): Operation {
  return async ({ db }, { result }) => {
    const query = { contains: undefined, afterKey: undefined, limit: mostListed, now: new Date() };
    const rows = (await listAccounts(db, query)).map((row) => ({
      id: row.account_id,
      name: row.name,
      role: row.role,
      hosts: row.host_labels,
      signedInAt: row.signed_in_at,
      disabledAt: row.disabled_at,
    }));
    if (json) return result(JSON.stringify(rows));
    const cells = rows.map((row) => Object.values({ ...row, hosts: row.hosts?.join(' ') ?? 'all' }));
    result(table(['ID', 'NAME', 'ROLE', 'HOSTS', 'SIGNED IN', 'DISABLED'], cells));
  };
}

/** Rejects with CliError. */
export function accountPassword(name: string, password: string): Operation {
  return async ({ db }, { note }) => {
    const account = await findAccount(db, nameKey(name));
    if (account === undefined) throw new CliError('usage', `There is no account ${JSON.stringify(name)}.`);
    await setPassword(db, account.accountId, await hashed(password, account.name), new Date());
    await record(db, 'account.password', { accountId: account.accountId, name: account.name });
    note(`${account.name} has a new password; every session of theirs has ended.`);
  };
}

async function hashed(password: string, name: string): Promise<string> {
  const fault = passwordFault(password, name);
  if (fault !== undefined) throw new CliError('usage', fault);
  return createPasswords().hash(password);
}

function parsed<Value>(
  result: { success: true; data: Value } | { success: false; error: { issues: { message: string }[] } },
): Value {
  if (result.success) return result.data;
  throw new CliError('usage', `${result.error.issues[0]?.message ?? 'It cannot be taken'}.`);
}
