import type pg from "pg";

/**
 * The schema as SQL-like text from the catalogs, in a fixed order and without the day partitions, which come and go. Written
 * here because not every machine with PostgreSQL for Node has pg_dump; it is for reading a change in review, not for restoring.
 */
export async function dumpSchema(pool: pg.Pool, schema = "genai"): Promise<string> {
  const parts: string[] = [];
  for (const sql of [TABLES, INDEXES, VIEWS, FUNCTIONS]) {
    const { rows } = await pool.query<{ text: string }>(sql, [schema]);
    parts.push(...rows.map(({ text }) => text));
  }
  return `${parts.join("\n\n")}\n`;
}

const NOT_A_DAY = String.raw`c.relname !~ '_\d{8}$'`;

const TABLES = `
select format(E'create table %s (\\n%s\\n)%s%s;%s', c.relname,
  string_agg(format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end,
    coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), case when a.attidentity <> '' then ' generated always as identity' end, '')), E',\\n' order by a.attnum),
  coalesce(' partition by ' || pg_get_partkeydef(c.oid), case when c.relispartition then ' partition: ' || pg_get_expr(c.relpartbound, c.oid) end, ''),
  coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', ''),
  coalesce(E'\\n-- ' || obj_description(c.oid), '') || coalesce(string_agg(format(E'\\n--   %s: %s', a.attname, col_description(c.oid, a.attnum)), '' order by a.attnum)
    filter (where col_description(c.oid, a.attnum) is not null), '')) as text
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and ${NOT_A_DAY}
group by c.oid order by c.relname`;

const INDEXES = `
select string_agg(pg_get_indexdef(i.indexrelid) || ';', E'\\n' order by i.indexrelid::regclass::text collate "C") as text
from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = $1::regnamespace and ${NOT_A_DAY}
group by c.relname order by c.relname`;

const VIEWS = `
select format(E'create view %s as\\n%s%s', c.relname, pg_get_viewdef(c.oid, true), coalesce(E'\\n-- ' || obj_description(c.oid), '')) as text
from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'v' order by c.relname`;

const FUNCTIONS = `
select case p.prokind when 'a' then format('create aggregate %s(%s): %s', p.proname, pg_get_function_arguments(p.oid), a.aggtransfn)
  else trim(trailing E'\\n' from pg_get_functiondef(p.oid)) end || coalesce(E'\\n-- ' || obj_description(p.oid), '') as text
from pg_proc p left join pg_aggregate a on a.aggfnoid = p.oid
where p.pronamespace = $1::regnamespace order by p.proname, pg_get_function_arguments(p.oid)`;
