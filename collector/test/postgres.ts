// A fresh database for a suite, on the server that the run's global setup started.
import { inject } from 'vitest';
import type { Store } from '../src/store/database.ts';
import { createDatabase, openPrepared, type TestDatabase, type TestPostgres } from './databases.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `template`: the database that stores are copies of. */
    postgres: TestPostgres & { template: string };
  }
}

/** With the schema, and partitions for the days of testRetention. Disposing of the store drops its database. */
export async function testStore(): Promise<Store> {
  const server = inject('postgres');
  const database = await createDatabase(server, server.template);
  const store = await openPrepared(database);
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** An empty database. */
export const testDatabase = (): Promise<TestDatabase> => createDatabase(inject('postgres'));
