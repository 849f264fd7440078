// What the server's own last words mean, and what to do about them.
import { StoreError } from '../errors.ts';

/** `doing` as in "Starting the database"; `lines` are the last that the server or initdb wrote. */
export function serverFailure(doing: string, dir: string, lines: readonly string[]): StoreError {
  const said = lines.filter((line) => /\b(FATAL|PANIC|ERROR|error|could not)\b/.test(line)).slice(-3);
  const text = (said.length > 0 ? said : lines.slice(-5)).join(' | ');
  if (/No space left on device|disk quota exceeded/i.test(text)) {
    return new StoreError(
      'disk-full',
      `${doing} in ${dir} failed: the disk is full. Free some space and start again. (${text})`,
    );
  }
  if (/lock file "postmaster\.pid" already exists|pre-existing shared memory block/.test(text)) {
    return new StoreError(
      'data-directory-in-use',
      `${doing} in ${dir} failed: another Postgres uses the directory. Stop it, or choose another one with --data. (${text})`,
    );
  }
  if (/incompatible with server|was initialized by PostgreSQL version/.test(text)) {
    return new StoreError(
      'wrong-major-version',
      `${doing} in ${dir} failed: it was written by another version of Postgres. (${text})`,
    );
  }
  if (/could not look up effective user ID/.test(text)) {
    return new StoreError(
      'embedded-unavailable',
      `${doing} in ${dir} failed: the user that Foretop runs as has no entry in /etc/passwd, which Postgres requires. Add one, or set DATABASE_URL. (${text})`,
    );
  }
  if (/Permission denied|has wrong ownership|has invalid permissions/.test(text)) {
    return new StoreError(
      'data-directory-unusable',
      `${doing} in ${dir} failed: its user may not use the directory. Check who owns it. (${text})`,
    );
  }
  return new StoreError('embedded-failed', `${doing} in ${dir} failed: ${text || 'it said nothing'}`);
}

/** Faults of the file system around a data directory, in words. Anything else comes back as it is. */
export function directoryFailure(dir: string, error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof StoreError || code === undefined) return error;
  const cause = { cause: error };
  const { message } = error as Error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StoreError(
      'disk-full',
      `The disk with the data directory ${dir} is full. Free some space and start again. (${message})`,
      cause,
    );
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP'].includes(code)) {
    return new StoreError(
      'data-directory-unusable',
      `The data directory ${dir} cannot be used: ${message}. Check who owns it, or choose another one with --data.`,
      cause,
    );
  }
  return error;
}
