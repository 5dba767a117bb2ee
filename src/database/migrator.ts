import { setTimeout as delay } from "node:timers/promises";

import pg from "pg";

import { toRatchetError } from "../errors/fromDatabase.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { migrationLock } from "./advisoryLocks.ts";
import { clientClass } from "./client.ts";
import { requireOwnSchemas } from "./foreignObjects.ts";
import { runGraphileMigrations } from "./graphileMigrations.ts";
import { dropLeftovers } from "./leftovers.ts";
import { type DatabaseLog, silentLog } from "./log.ts";
import { type Migration, readSchemaFiles, type SchemaFiles, type SqlFile } from "./migrationFiles.ts";
import { compareSchema, readRecordedSchema, type RecordedSchema } from "./migrationState.ts";
import { explainMissingRight, requireCreateRight } from "./missingRights.ts";
import { type SchemaNames, schemasOf } from "./schemaNames.ts";

const LOCK_POLL_MS = 50;
const TELL_AFTER_MS = 1_000;

/** The tables that note what a database has had. */
export const BOOTSTRAP = `
  create table if not exists ratchet_private.migrations (
    number int primary key,
    name text not null,
    hash text not null,
    applied_at timestamptz not null default clock_timestamp()
  );
  comment on table ratchet_private.migrations is 'The migrations of Ratchet that this database has had.';
  create table if not exists ratchet_private.schema_state (
    only_row boolean primary key default true constraint schema_state_has_one_row check (only_row),
    hash text not null,
    version text not null,
    applied_at timestamptz not null default clock_timestamp()
  );
  comment on table ratchet_private.schema_state is 'Which functions, views and triggers of Ratchet this database has: a hash of their files.';`;

/** What a run of {@link migrate} did. */
export interface MigrationResult {
  /** Migrations applied now, e.g. `000001_jobs_and_tasks`. */
  readonly applied: string[];
  /** Whether functions, views, triggers and so on were put in place anew. */
  readonly schemaRefreshed: boolean;
}

/**
 * Brings a database to this version's schema: graphile-worker's own migrations, then ours, the latter in one transaction.
 * Any number of processes may call it at once; one works, the others wait and find nothing to do. An interrupted run
 * leaves nothing half-applied.
 *
 * Throws RT103 if the role lacks a right, RT110 if a schema is somebody else's, RT107 if a newer Ratchet has migrated the database, RT108 if a migration file
 * differs from what was applied. The schemas have the pool's names. `folder` replaces the package's own `sql`, for tests.
 */
export async function migrate(
  pool: pg.Pool,
  { log = silentLog, folder }: { log?: DatabaseLog; folder?: string } = {},
): Promise<MigrationResult> {
  const names = schemasOf(pool);
  const files = readSchemaFiles({ folder, names });
  // Not from the pool: graphile-worker takes a connection of its own meanwhile, and the pool may have only one.
  const Client = clientClass(names);
  const client = new Client(pool.options);
  client.on("error", (error) => {
    log.warn({ err: error }, "the migrator's database connection was lost");
  });
  try {
    await client.connect();
    await takeLock(client, names, log);
    return await migrateLocked(pool, client, files, log);
  } catch (error) {
    throw await explainMissingRight(client, toRatchetError(error));
  } finally {
    // Ends the lock too.
    await client.end();
  }
}

async function takeLock(client: pg.Client, names: SchemaNames, log: DatabaseLog): Promise<void> {
  const { classId, objectId } = migrationLock(names.ratchet);
  const startedAtMs = Date.now();
  let told = false;
  for (;;) {
    // Waiting inside Postgres would hold a snapshot, and with it every `create index concurrently`.
    const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1, $2) as taken", [
      classId,
      objectId,
    ]);
    if (rows[0]?.taken === true) {
      return;
    }
    if (!told && Date.now() - startedAtMs > TELL_AFTER_MS) {
      told = true;
      log.info({}, "waiting for another process that migrates the database");
    }
    await delay(LOCK_POLL_MS);
  }
}

async function migrateLocked(
  pool: pg.Pool,
  client: pg.Client,
  files: SchemaFiles,
  log: DatabaseLog,
): Promise<MigrationResult> {
  const recorded = await readRecordedSchema(client);
  if (recorded !== null) {
    refuseUnknown(recorded, files);
    refuseChanged(recorded, files);
  }
  const names = schemasOf(pool);
  await requireOwnSchemas(client, names, recorded !== null);
  await requireCreateRight(client, [names.graphileWorker, names.ratchet, `${names.ratchet}_private`]);
  await runGraphileMigrations(pool, log);

  const state = recorded === null ? "pending" : compareSchema(recorded, files);
  if (state === "newer") {
    log.info(
      { ours: files.version, theirs: recorded?.currentState?.version },
      "a newer Ratchet's functions and views are left as they are",
    );
  }
  if (state !== "pending") {
    return { applied: [], schemaRefreshed: false };
  }
  const appliedBefore = new Set(recorded?.migrations.map(({ number }) => number));
  const pending = files.migrations.filter(({ number }) => !appliedBefore.has(number));
  await apply(client, pending, files, log);
  const applied = pending.map((migration) => migration.path.replaceAll(/^migrations\/|\.sql$/gv, ""));
  log.info({ applied }, "the database schema is up to date");
  return { applied, schemaRefreshed: true };
}

/** Throws RT107 if the database has had a migration that is not among the files. */
export function refuseUnknown(recorded: RecordedSchema, files: SchemaFiles): void {
  const known = new Set(files.migrations.map(({ number }) => number));
  const unknown = recorded.migrations.filter(({ number }) => !known.has(number));
  if (unknown.length > 0) {
    const names = unknown.map(({ number, name }) => `${String(number).padStart(6, "0")}_${name}`).join(", ");
    throw new RatchetError(
      "RT107",
      `The database has had migrations that Ratchet ${files.version} does not know: ${names}.`,
    );
  }
}

/** Throws RT108 if a migration reads differently from when the database had it. */
export function refuseChanged(recorded: RecordedSchema, files: SchemaFiles): void {
  const hashes = new Map(recorded.migrations.map(({ number, hash }) => [number, hash]));
  const changed = files.migrations.find(({ number, hash }) => hashes.has(number) && hashes.get(number) !== hash);
  if (changed !== undefined) {
    throw new RatchetError("RT108", `sql/${changed.path} is not what it was when this database had it.`);
  }
}

async function apply(
  client: pg.Client,
  pending: readonly Migration[],
  files: SchemaFiles,
  log: DatabaseLog,
): Promise<void> {
  await client.query("begin isolation level read committed");
  try {
    // Names are looked up nowhere but where the file says; the order of functions that call each other is free.
    await client.query(
      "set local search_path = ''; set local check_function_bodies = off; set local client_min_messages = warning",
    );
    await createSchemas(client);
    await client.query(BOOTSTRAP);
    for (const migration of pending) {
      await run(client, migration);
      await client.query("insert into ratchet_private.migrations (number, name, hash) values ($1, $2, $3)", [
        migration.number,
        migration.name,
        migration.hash,
      ]);
    }
    for (const file of files.currentState) {
      await run(client, file);
    }
    const dropped = await dropLeftovers(client, log);
    if (dropped.length > 0) {
      log.info({ dropped }, "objects of an older Ratchet were removed");
    }
    await client.query(
      `insert into ratchet_private.schema_state (hash, version) values ($1, $2)
       on conflict (only_row) do update set hash = excluded.hash, version = excluded.version, applied_at = clock_timestamp()`,
      [files.currentStateHash, files.version],
    );
    await client.query("commit");
  } catch (error) {
    // The first failure is the one to tell; closing the connection would roll back too.
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** Not `if not exists`, which demands the right to create a schema even where it exists. */
async function createSchemas(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest(array['ratchet', 'ratchet_private']) as wanted (name)
      where not exists (select from pg_catalog.pg_namespace where nspname = wanted.name)`,
  );
  for (const { name } of rows) {
    await client.query(`create schema ${name}`);
  }
}

/** Runs a file's statements; a failure names the file and the line. */
async function run(client: pg.Client, file: SqlFile): Promise<void> {
  try {
    await client.query(file.sql);
  } catch (error) {
    if (error instanceof pg.DatabaseError) {
      const line =
        error.position === undefined ? "" : `:${file.sql.slice(0, Number(error.position)).split("\n").length}`;
      error.message = `sql/${file.path}${line}: ${error.message}`;
    }
    throw error;
  }
}
