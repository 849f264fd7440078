// Login links: a code in the address's fragment that signs in once, for whoever may read the data directory.
import type { Kysely } from 'kysely';
import { insertLoginCode } from '../../store/queries/access.ts';
import type { Database } from '../../store/schema.ts';
import { hashSecret, newSecret } from './secrets.ts';

const codeLifeMs = 10 * 60_000;

/** Makes a login link's code, good once within 10 minutes. */
export async function createLoginCode(db: Kysely<Database>, now = Date.now()): Promise<string> {
  const code = newSecret();
  await insertLoginCode(db, hashSecret(code), new Date(now + codeLifeMs));
  return code;
}

/** Of the public address where there is one, else of localhost. */
export function loginLink(port: number, code: string, publicUrl?: string): string {
  return `${publicUrl ?? `http://localhost${port === 80 ? '' : `:${port}`}`}/#login=${code}`;
}
