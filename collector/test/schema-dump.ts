// Describes the tables of a database in SQL, in one fixed order, so that a change of the schema shows in a diff.
import { type Kysely, sql } from 'kysely';

/** Tables, columns, constraints and indexes of the current schema; partitions and the migrator's own tables are left out. */
export async function dumpSchema<Database>(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<Table>`
    select c.relname as name, pg_get_partkeydef(c.oid) as partition_key,
      (select array_agg(format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
          case when a.attnotnull then ' not null' else '' end,
          case when a.attidentity = 'a' then ' generated always as identity'
            when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end) order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select array_agg(format('constraint %I %s', conname, pg_get_constraintdef(k.oid)) order by contype desc, conname)
        from pg_constraint k where k.conrelid = c.oid and contype <> 'n') as constraints,
      (select array_agg(pg_get_indexdef(indexrelid) order by i.indexrelid::regclass::text)
        from pg_index i where i.indrelid = c.oid
          and not exists (select from pg_constraint k where k.conindid = i.indexrelid)) as indexes
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not like 'kysely%'
    order by c.relname`.execute(db);
  return `${rows.map(writeTable).join('\n\n')}\n`;
}

interface Table {
  name: string;
  partition_key: string | null;
  columns: string[];
  constraints: string[] | null;
  indexes: string[] | null;
}

function writeTable({ name, partition_key, columns, constraints, indexes }: Table): string {
  const lines = [...columns, ...(constraints ?? [])].map((line) => `  ${line}`).join(',\n');
  const partition = partition_key === null ? '' : ` PARTITION BY ${partition_key}`;
  return [`CREATE TABLE ${name} (\n${lines}\n)${partition};`, ...(indexes ?? []).map((index) => `${index};`)].join(
    '\n',
  );
}
