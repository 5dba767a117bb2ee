import { RatchetError } from "../errors/ratchetError.ts";
import type { Queryable } from "./calls/queryable.ts";
import type { SchemaNames } from "./schemaNames.ts";

/**
 * Refuses schemas that are somebody else's: what is in ours is replaced with every version and dropped when it is no longer
 * part of it, and two Ratchets would take each other's wake-ups from one graphile-worker schema.
 * @throws {RatchetError} RT110
 */
export async function requireOwnSchemas(
  db: Queryable,
  { ratchet, graphileWorker }: SchemaNames,
  isMigrated: boolean,
): Promise<void> {
  const foreign = isMigrated ? [] : await objectsIn(db, [ratchet, `${ratchet}_private`]);
  if (foreign.length > 0) {
    throw new RatchetError(
      "RT110",
      `The schema for Ratchet, "${ratchet}", holds objects that are not Ratchet's: ${foreign.join(", ")}.`,
      {
        hint: "Choose a schema that is new or empty, with RATCHET_SCHEMA; Ratchet drops what it does not know in its own.",
      },
    );
  }
  const other = await otherRatchetOn(db, ratchet, graphileWorker);
  if (other !== undefined) {
    throw new RatchetError(
      "RT110",
      `The Ratchet in the schema "${other}" works with the graphile-worker schema "${graphileWorker}" already.`,
      { hint: `Give the one in "${ratchet}" another, with GRAPHILE_WORKER_SCHEMA: each needs its own.` },
    );
  }
}

/** The first few names; what belongs to an extension or a table is left out. */
async function objectsIn(db: Queryable, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select found.name
       from (
         select relname::text as name, relnamespace as schema_id, oid, 'pg_catalog.pg_class'::regclass as class_id
           from pg_catalog.pg_class where relkind in ('r', 'p', 'v', 'm', 'f')
         union all
         select proname || '()', pronamespace, oid, 'pg_catalog.pg_proc'::regclass from pg_catalog.pg_proc
       ) as found
       join pg_catalog.pg_namespace as schema_found on schema_found.oid = found.schema_id
      where schema_found.nspname = any ($1::text[])
        and not exists (
          select from pg_catalog.pg_depend
           where classid = found.class_id and objid = found.oid and deptype = 'e')
      order by 1 limit 5`,
    [schemas],
  );
  return rows.map(({ name }) => name);
}

/** The schema of another Ratchet whose functions add wake-ups to this graphile-worker schema. */
async function otherRatchetOn(db: Queryable, ratchet: string, graphileWorker: string): Promise<string | undefined> {
  const { rows } = await db.query<{ schema: string }>(
    String.raw`select regexp_replace(schema_found.nspname, '_private$', '') as schema
       from pg_catalog.pg_proc as function_found
       join pg_catalog.pg_namespace as schema_found on schema_found.oid = function_found.pronamespace
      where function_found.proname = 'add_wake_ups' and schema_found.nspname <> $1::text
        and function_found.prosrc ~ ('\m' || $2::text || '\.add_jobs\(') limit 1`,
    [`${ratchet}_private`, graphileWorker],
  );
  return rows[0]?.schema;
}
