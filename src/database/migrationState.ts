import type pg from "pg";

import { RatchetError } from "../errors/ratchetError.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isLater } from "./compatibility.ts";
import { readSchemaFiles, type SchemaFiles } from "./migrationFiles.ts";
import { renameSchemas, schemasOf } from "./schemaNames.ts";

/** Anything that runs a query: a pool or a client. */
export type Queryable = Pick<pg.ClientBase, "query">;

/**
 * How a database stands to this version of Ratchet: `missing` (never migrated), `pending` (something is to be applied),
 * `current`, `ahead` (a later version has migrated it, and this one can work on it), or `newer` (it cannot).
 */
export type MigrationState = "current" | "pending" | "ahead" | "newer" | "missing";

/** What the database has noted about its schema. */
export interface RecordedSchema {
  readonly migrations: readonly { number: number; name: string; hash: string }[];
  readonly currentState: RecordedState | null;
}

/** The functions, views and triggers that a database has. */
export interface RecordedState {
  readonly hash: string;
  /** Of the Ratchet that made them. */
  readonly version: string;
  /** The oldest version whose programs work on them. */
  readonly oldestProgram: string;
  /** The hash of each file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Tells with two short reads and no right but to read how the database stands to this version. */
export async function migrationState(
  db: Queryable,
  { folder }: { folder?: string | undefined } = {},
): Promise<MigrationState> {
  try {
    const recorded = await readRecordedSchema(db);
    return recorded === null ? "missing" : compareSchema(recorded, readSchemaFiles({ folder, names: schemasOf(db) }));
  } catch (error) {
    throw toRatchetError(error);
  }
}

/**
 * For who cannot migrate: throws RT106 if the schema is absent or older than this version, RT107 if it is too new for it.
 * `folder` replaces the package's own `sql`, for tests.
 */
export async function checkMigrated(db: Queryable, { folder }: { folder?: string | undefined } = {}): Promise<void> {
  const state = await migrationState(db, { folder });
  if (state === "missing" || state === "pending") {
    const message =
      state === "missing"
        ? "The database has no schema `ratchet`."
        : "The schema `ratchet` is older than this version of Ratchet.";
    throw new RatchetError("RT106", renameSchemas(message, schemasOf(db)));
  }
  if (state === "newer") {
    const [recorded, files] = [await readRecordedSchema(db), readSchemaFiles({ folder, names: schemasOf(db) })];
    throw tooNew(recorded, files);
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
              'currentState', (
                select json_build_object('hash', hash, 'version', version, 'oldestProgram', oldest_program, 'files', files)
                  from ratchet_private.schema_state)
            ) as recorded`,
  );
  return rows[0]?.recorded ?? null;
}

/** Compares what is noted with the files, without a look at whether a released file was changed. */
export function compareSchema(recorded: RecordedSchema, files: SchemaFiles): Exclude<MigrationState, "missing"> {
  const { migrations, currentState } = recorded;
  // Beside a newer worker, during a rolling deployment, an older one works on, and must not put its own functions back.
  const theirs = currentState !== null && isLater(currentState.oldestProgram, files.version) ? "newer" : "ahead";
  if (unknownMigrations(recorded, files).length > 0) {
    return theirs;
  }
  const applied = new Set(migrations.map(({ number }) => number));
  if (currentState === null || files.migrations.some(({ number }) => !applied.has(number))) {
    return "pending";
  }
  if (currentState.hash === files.currentStateHash) {
    return "current";
  }
  return isLater(currentState.version, files.version) ? theirs : "pending";
}

/** The error of a program that is too old for the database. */
export function tooNew(recorded: RecordedSchema | null, files: SchemaFiles): RatchetError {
  const state = recorded?.currentState;
  const names = recorded === null ? [] : unknownMigrations(recorded, files);
  const unknown = names.length === 0 ? "" : ` Migrations that this one does not know: ${names.join(", ")}.`;
  return new RatchetError(
    "RT107",
    `Ratchet ${state?.version ?? "of a later version"} has migrated this database, which now needs ${state?.oldestProgram ?? "that version"} or later; this is ${files.version}.${unknown}`,
  );
}

function unknownMigrations({ migrations }: RecordedSchema, files: SchemaFiles): string[] {
  const known = new Set(files.migrations.map(({ number }) => number));
  return migrations
    .filter(({ number }) => !known.has(number))
    .map(({ number, name }) => `${String(number).padStart(6, "0")}_${name}`);
}
