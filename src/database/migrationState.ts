import type pg from "pg";

import { RatchetError } from "../errors/ratchetError.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { readSchemaFiles, type SchemaFiles } from "./migrationFiles.ts";
import { renameSchemas, schemasOf } from "./schemaNames.ts";

/** Anything that runs a query: a pool or a client. */
export type Queryable = Pick<pg.ClientBase, "query">;

/**
 * How a database stands to this version of Ratchet: `missing` (never migrated), `pending` (something is to be applied),
 * `current`, or `newer` (a later version has migrated it).
 */
export type MigrationState = "current" | "pending" | "newer" | "missing";

/** What the database has noted about its schema. */
export interface RecordedSchema {
  readonly migrations: readonly { number: number; name: string; hash: string }[];
  readonly currentState: { hash: string; version: string } | null;
}

/** Tells with two short reads and no right but to read how the database stands to this version. */
export async function migrationState(db: Queryable, { folder }: { folder?: string } = {}): Promise<MigrationState> {
  try {
    const recorded = await readRecordedSchema(db);
    return recorded === null ? "missing" : compareSchema(recorded, readSchemaFiles({ folder, names: schemasOf(db) }));
  } catch (error) {
    throw toRatchetError(error);
  }
}

/** For who cannot migrate: throws RT106 if the schema is absent or older than this version, RT107 if it is newer. */
export async function checkMigrated(db: Queryable): Promise<void> {
  const state = await migrationState(db);
  if (state === "missing" || state === "pending") {
    const message =
      state === "missing"
        ? "The database has no schema `ratchet`."
        : "The schema `ratchet` is older than this version of Ratchet.";
    throw new RatchetError("RT106", renameSchemas(message, schemasOf(db)));
  }
  if (state === "newer") {
    throw new RatchetError("RT107", "A newer Ratchet has migrated this database.");
  }
}

/** What earlier runs have noted, or null if there was none. */
export async function readRecordedSchema(db: Queryable): Promise<RecordedSchema | null> {
  // Not to_regclass, which fails without the right to use the schema.
  const { rowCount } = await db.query(
    `select from pg_catalog.pg_class as table_found
       join pg_catalog.pg_namespace as schema_found on schema_found.oid = table_found.relnamespace
      where schema_found.nspname = 'ratchet_private' and table_found.relname in ('migrations', 'schema_state')`,
  );
  if (rowCount !== 2) {
    return null;
  }
  const { rows } = await db.query<{ recorded: RecordedSchema }>(
    `select json_build_object(
              'migrations', coalesce(
                (select json_agg(json_build_object('number', number, 'name', name, 'hash', hash) order by number)
                   from ratchet_private.migrations), '[]'),
              'currentState', (select json_build_object('hash', hash, 'version', version) from ratchet_private.schema_state)
            ) as recorded`,
  );
  return rows[0]?.recorded ?? null;
}

/** Compares what is noted with the files, without a look at whether a released file was changed. */
export function compareSchema(recorded: RecordedSchema, files: SchemaFiles): Exclude<MigrationState, "missing"> {
  const known = new Set(files.migrations.map(({ number }) => number));
  if (recorded.migrations.some(({ number }) => !known.has(number))) {
    return "newer";
  }
  const applied = new Set(recorded.migrations.map(({ number }) => number));
  if (recorded.currentState === null || files.migrations.some(({ number }) => !applied.has(number))) {
    return "pending";
  }
  if (recorded.currentState.hash === files.currentStateHash) {
    return "current";
  }
  // Beside a newer worker, during a rolling deployment, an older one must not put its own functions back.
  return isLater(recorded.currentState.version, files.version) ? "newer" : "pending";
}

/** Major, minor and patch; what follows a hyphen does not count. */
function partsOf(version: string): number[] {
  return version.split(/[.\-]/v).slice(0, 3).map(Number);
}

function isLater(one: string, other: string): boolean {
  const otherParts = partsOf(other);
  for (const [index, part] of partsOf(one).entries()) {
    const difference = part - (otherParts[index] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return false;
}
