// The time zone that a host says it is in.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table host add column time_zone text not null default ''`.execute(db);
}
