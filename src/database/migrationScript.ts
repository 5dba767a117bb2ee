import pg from "pg";

import type { Queryable } from "./calls/queryable.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { requireOwnSchemas } from "./foreignObjects.ts";
import { recordGraphileMigrations } from "./graphileMigrations.ts";
import { findLeftovers } from "./leftovers.ts";
import { readSchemaFiles, type SchemaFiles } from "./migrationFiles.ts";
import { MIGRATION_LOCK_TIMEOUT_MS } from "./blockedMigration.ts";
import { compareSchema, readRecordedSchema, type RecordedSchema } from "./migrationState.ts";
import { CREATE_ROLES } from "./roles.ts";
import { BOOTSTRAP, NOTE_STATE, refuseChanged, refuseTooNew, stateValues } from "./migrator.ts";
import { renameSchemas, type SchemaNames } from "./schemaNames.ts";

/** What {@link createMigrationScript} found to do. */
export interface MigrationScript {
  /** SQL for psql or any other client, one transaction; null if the database is up to date. */
  readonly sql: string | null;
  /** Of Ratchet. */
  readonly version: string;
  /** Name of the database it is for; null for any empty one. */
  readonly database: string | null;
}

/**
 * What `migrate` would run, as a text for somebody else to run: graphile-worker's migrations, ours, functions, views and
 * triggers, and the notes that all this was done. `db` is looked at and not changed; null stands for an empty database.
 *
 * Throws RT110 if a schema is somebody else's, RT107 if a newer Ratchet has migrated the database, RT108 if a migration file differs from what was applied.
 */
export async function createMigrationScript(db: Queryable | null, names: SchemaNames): Promise<MigrationScript> {
  try {
    const files = readSchemaFiles({ names });
    const recorded = db === null ? null : await readRecordedSchema(db);
    if (db !== null) {
      await requireOwnSchemas(db, names, recorded !== null);
    }
    const graphile = await recordGraphileMigrations(db, names.graphileWorker);
    const ours = (await ourStatements(db, files, recorded)).map((statement) => renameSchemas(statement, names));
    const sections = [
      ...(graphile.length === 0 ? [] : [["-- graphile-worker", ...graphile.map(ended)]]),
      ...(ours.length === 0 ? [] : [["-- Ratchet", ...ours.map(ended)]]),
    ];
    const sql = ["begin isolation level read committed;", ...sections.flat(), "commit;"].join("\n\n");
    return { sql: sections.length === 0 ? null : sql, version: files.version, database: await databaseName(db) };
  } catch (error) {
    throw toRatchetError(error);
  }
}

async function databaseName(db: Queryable | null): Promise<string | null> {
  const answer = await db?.query<{ name: string }>("select current_database() as name");
  return answer?.rows[0]?.name ?? null;
}

async function ourStatements(
  db: Queryable | null,
  files: SchemaFiles,
  recorded: RecordedSchema | null,
): Promise<string[]> {
  if (recorded !== null) {
    refuseTooNew(recorded, files);
    refuseChanged(recorded, files);
    if (compareSchema(recorded, files) !== "pending") {
      return [];
    }
  }
  const applied = new Set(recorded?.migrations.map(({ number }) => number));
  return [
    "set local client_encoding = 'UTF8'",
    `-- Whoever wants to write waits behind this one while it waits for a lock. If it gets none (55P03), run all of it again.
set local lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}`,
    "set local search_path = ''",
    "set local check_function_bodies = off",
    "set local client_min_messages = warning",
    ...(await schemasToCreate(db)),
    BOOTSTRAP.trim(),
    ...files.migrations
      .filter(({ number }) => !applied.has(number))
      .flatMap(({ path, sql, number, name, hash }) => [
        `-- sql/${path}\n${sql.trim()}`,
        `insert into ratchet_private.migrations (number, name, hash) values (${number}, ${literal(name)}, ${literal(hash)})`,
      ]),
    ...files.currentState.map(({ path, sql }) => `-- sql/${path}\n${sql.trim()}`),
    ...(recorded === null ? [] : [DROP_LEFTOVERS]),
    `-- Roles for services and GraphQL, as far as whoever runs this may create them; else have it done and migrate again.\n${CREATE_ROLES}`,
    "select ratchet_private.grant_rights()",
    withValues(NOTE_STATE, stateValues(files)),
  ];
}

/** Those of ours that the database lacks, one by one: a DBA may have made a schema beforehand. */
async function schemasToCreate(db: Queryable | null): Promise<string[]> {
  if (db === null) {
    return ["create schema ratchet", "create schema ratchet_private"];
  }
  const { rows } = await db.query<{ command: string }>(
    `select 'create schema ' || quote_ident(wanted.name) as command
       from unnest(array['ratchet', 'ratchet_private']) as wanted (name)
      where not exists (select from pg_catalog.pg_namespace where nspname = wanted.name)`,
  );
  return rows.map(({ command }) => command);
}

const DROP_LEFTOVERS = `-- What an older Ratchet had and this one has not; what others still depend on stays.
do $drop_leftovers$
declare
  v_command text;
  v_dropped integer;
begin
  loop
    v_dropped := 0;
    foreach v_command in array array(select command from (${findLeftovers()}) found) loop
      begin
        execute v_command;
        v_dropped := v_dropped + 1;
      exception when dependent_objects_still_exist then
        raise warning 'stays, because others depend on it: %', v_command;
      end;
    end loop;
    exit when v_dropped = 0;
  end loop;
end
$drop_leftovers$`;

function withValues(statement: string, values: readonly string[]): string {
  return statement.replaceAll(/\$(?<number>\d)/gv, (_parameter, number: string) =>
    literal(values[Number(number) - 1] ?? ""),
  );
}

function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** A statement with one semicolon at its end. */
function ended(statement: string): string {
  const trimmed = statement.trim();
  return trimmed.endsWith(";") ? trimmed : `${trimmed};`;
}
