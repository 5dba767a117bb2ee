import pg from "pg";

import type { DatabaseLog } from "./log.ts";

/** SQLSTATE of a drop that others depend on. */
const DEPENDENT_OBJECTS_EXIST = "2BP01";

// What this transaction made or replaced has a row version of its own age; age() tells savepoints' rows as ours too.
// Extensions' objects are theirs. A replaced view keeps its row in pg_class: its rule is the part that is always rewritten.
/**
 * A query that gives, as `command`, each drop of what the running transaction has neither made nor replaced.
 * @param kept views and triggers that are left as they are, named like `ratchet.job_overview` and `my_trigger on ratchet.jobs`.
 */
export function findLeftovers(kept: readonly string[] = []): string {
  const names = kept.map((name) => pg.escapeLiteral(name)).join(", ");
  return `
  with ours as (
    select oid, nspname from pg_catalog.pg_namespace where nspname in ('ratchet', 'ratchet_private')
  )
  select format('drop trigger %I on %s', leftover.tgname, leftover.tgrelid::regclass) as command
    from pg_catalog.pg_trigger as leftover
    join pg_catalog.pg_class as on_table on on_table.oid = leftover.tgrelid
    join ours on ours.oid = on_table.relnamespace
   where not leftover.tgisinternal and leftover.tgparentid = 0 and age(leftover.xmin) > 0
     and format('%s on %s', leftover.tgname, leftover.tgrelid::regclass) <> all (array[${names}]::text[])
  union all
  select format('drop view %s', view_found.oid::regclass)
    from pg_catalog.pg_rewrite as leftover
    join pg_catalog.pg_class as view_found on view_found.oid = leftover.ev_class and view_found.relkind = 'v'
    join ours on ours.oid = view_found.relnamespace
   where leftover.rulename = '_RETURN' and age(leftover.xmin) > 0
     and view_found.oid::regclass::text <> all (array[${names}]::text[])
  union all
  select format('drop routine %s', leftover.oid::regprocedure)
    from pg_catalog.pg_proc as leftover
    join ours on ours.oid = leftover.pronamespace
   where age(leftover.xmin) > 0
     and not exists (
       select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_proc'::regclass and objid = leftover.oid and deptype = 'e')`;
}

/** The names of the views and triggers that a file makes, as {@link findLeftovers} takes them. */
export function viewsAndTriggersOf(sql: string): string[] {
  const made = /\bcreate or replace (?:view (?<view>[\w.]+)|trigger (?<trigger>\w+)[^;]*? on (?<table>[\w.]+))/gv;
  return Array.from(
    sql.matchAll(made),
    ({ groups = {} }) => groups["view"] ?? `${groups["trigger"]} on ${groups["table"]}`,
  );
}

/**
 * Drops the functions, views and triggers in Ratchet's schemas that the running transaction has neither made nor replaced,
 * but for those of `kept`: an older version's. What others still depend on (somebody's own view, say) stays, with a warning; an upgrade must not
 * fail for that, nor drop what is not ours.
 */
export async function dropLeftovers(
  client: pg.ClientBase,
  kept: readonly string[],
  log: DatabaseLog,
): Promise<string[]> {
  const { rows } = await client.query<{ command: string }>(findLeftovers(kept));
  const dropped: string[] = [];
  let remaining = rows.map(({ command }) => command);
  let before: number;
  // They can depend on each other: repeat while that gets further.
  do {
    before = remaining.length;
    const stuck: string[] = [];
    for (const command of remaining) {
      const done = (await tryDrop(client, command)) ? dropped : stuck;
      done.push(command);
    }
    remaining = stuck;
  } while (remaining.length > 0 && remaining.length < before);
  for (const command of remaining) {
    log.warn({ command }, "an object of an older Ratchet stays in the database because others depend on it");
  }
  return dropped;
}

async function tryDrop(client: pg.ClientBase, command: string): Promise<boolean> {
  await client.query("savepoint drop_leftover");
  try {
    await client.query(command);
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== DEPENDENT_OBJECTS_EXIST) {
      throw error;
    }
    await client.query("rollback to savepoint drop_leftover");
    return false;
  }
}
