// Whoever is reached from elsewhere has an administrator with a password before the first request.
import type { Store } from '../../store/database.ts';
import { countAdministrators } from '../../store/queries/accounts.ts';

export class NoAdministratorError extends Error {
  readonly code = 'no-administrator';
  readonly retryable = false;
}

/** Throws NoAdministratorError. */
export async function requireAdministrator(store: Pick<Store, 'db'>, address: string | undefined): Promise<void> {
  if ((await countAdministrators(store.db)) > 0) return;
  throw new NoAdministratorError(
    `To listen on ${address}, there must be an administrator with a password, and there is none. Make one with: ` +
      'foretop account create NAME --role admin. Or start without --listen, open the login link, choose "Create the first ' +
      'administrator", and start with --listen again.',
  );
}
