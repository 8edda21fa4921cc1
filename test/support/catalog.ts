import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';

/** Everything that makes up the schema, a line each, so that two databases can be compared. */
export async function catalogOf(db: Db): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    with tables as (select oid, relname, relkind, relacl, reloptions from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S', 'm', 'p'))
    select 'relation ' || relname || ' ' || relkind::text || ' ' || coalesce(relacl::text, '-') || ' '
      || coalesce(reloptions::text, '-') as line from tables
    union all
    select 'column ' || t.relname || ' ' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || ' ' || a.attnotnull || ' ' || a.attidentity::text || a.attgenerated::text || ' ' || a.attisdropped || ' '
      || coalesce(pg_get_expr(d.adbin, d.adrelid), '-') || ' ' || coalesce(a.attacl::text, '-')
    from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
    union all
    select 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || c.convalidated || ' '
      || pg_get_constraintdef(c.oid)
    from pg_constraint c where c.connamespace = 'public'::regnamespace
    union all
    select 'index ' || i.indrelid::regclass || ' ' || i.indisvalid || ' ' || pg_get_indexdef(i.indexrelid)
    from pg_index i join tables t on t.oid = i.indrelid
    union all
    select 'trigger ' || g.tgenabled::text || ' ' || pg_get_triggerdef(g.oid)
    from pg_trigger g join tables t on t.oid = g.tgrelid where not g.tgisinternal
    union all
    select 'function ' || coalesce(p.proacl::text, '-') || ' ' || pg_get_functiondef(p.oid)
    from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')`.execute(db);
  return rows.map(({ line }) => line).toSorted();
}
