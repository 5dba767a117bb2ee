import type pg from "pg";
import { expect, test } from "vitest";

import { migrate } from "../../src/database/migrator.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { useSql } from "./fixtures.ts";

const sql = useSql({ definitions: false });

const HEAD = `-- The schema as the catalogue of a migrated database has it, for reviews to see what changes; the bodies of functions and
-- views are in sql/schema. Compared by test/sql/schemaSnapshot.test.ts; written anew by: npm test -- test/sql/schemaSnapshot -u
`;

// Nothing in it depends on the version of Postgres: no texts of views, no constraints of not null, which 18 has as rows.
const DUMP = `
with schema as (select oid, nspname from pg_namespace where nspname in ('ratchet', 'ratchet_private')),
relation as (select c.*, s.nspname || '.' || c.relname as name from pg_class c join schema s on s.oid = c.relnamespace where c.relkind in ('r', 'v', 'c')),
line (section, name, part, place, text) as (
  select 1, t.oid::regtype::text, 0, e.enumsortorder::numeric, 'enum value ' || e.enumlabel
    from pg_type t join schema s on s.oid = t.typnamespace join pg_enum e on e.enumtypid = t.oid
  union all
  select 2, r.name, 0, 0, case r.relkind when 'r' then 'table' when 'v' then 'view' else 'composite type' end
      || coalesce(' with (' || array_to_string(r.reloptions, ', ') || ')', '')
    from relation r
  union all
  select 2, r.name, 1, a.attnum, 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end
      || case a.attidentity when 'a' then ' generated always as identity' else '' end
      || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
  union all
  select 2, r.name, 2, 0, 'constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
    from relation r join pg_constraint k on k.conrelid = r.oid where k.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 2, r.name, 3, 0, 'index ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE ', '')
    from relation r join pg_index i on i.indrelid = r.oid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  union all
  select 2, r.name, 4, 0, 'trigger ' || regexp_replace(pg_get_triggerdef(g.oid), '^CREATE TRIGGER ', '')
    from relation r join pg_trigger g on g.tgrelid = r.oid where not g.tgisinternal
  union all
  select 2, r.name, 5, 0, 'right ' || acl.privilege_type || ' of everybody'
    from relation r cross join aclexplode(r.relacl) acl where acl.grantee = 0
  union all
  select 3, s.nspname || '.' || p.proname, 0, 0, 'function (' || pg_get_function_arguments(p.oid) || ') returns ' || pg_get_function_result(p.oid)
    from pg_proc p join schema s on s.oid = p.pronamespace
  union all
  select 3, s.nspname || '.' || p.proname, 1, 0,
      l.lanname || case p.provolatile when 'v' then ' volatile' when 's' then ' stable' else ' immutable' end
      || case when p.proisstrict then ' strict' else '' end || case when p.prosecdef then ' security definer' else '' end
      || case p.proparallel when 's' then ' parallel safe' else '' end
      || coalesce(' set ' || array_to_string(p.proconfig, ' set '), '')
      || case when has_function_privilege('public', p.oid, 'execute') then '' else ' revoked' end
    from pg_proc p join schema s on s.oid = p.pronamespace join pg_language l on l.oid = p.prolang
)
select section, name, part, text from line order by section, name collate "C", part, place, text collate "C"`;

async function dump(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string; text: string }>(DUMP);
  const lines: string[] = [HEAD];
  let last = "";
  for (const { name, text } of rows) {
    if (name !== last) {
      lines.push(`\n${name}\n`);
      last = name;
    }
    lines.push(`  ${text}\n`);
  }
  return lines.join("");
}

test("the schema is the one in sql/schema.snapshot.txt", async () => {
  await expect(await dump(sql.pool())).toMatchFileSnapshot("../../sql/schema.snapshot.txt");
});

test("an empty database that is migrated, and migrated once more, has it too", async () => {
  const database = await createEmptyDatabase();
  try {
    await migrate(database.pool);
    await database.pool.query("update ratchet_private.schema_state set hash = 'of other files'");
    expect((await migrate(database.pool)).schemaRefreshed).toBe(true);
    expect(await dump(database.pool)).toBe(await dump(sql.pool()));
  } finally {
    await database.drop();
  }
});
