import { setTimeout as delay } from "node:timers/promises";

import pg from "pg";

import { toRatchetError } from "../errors/fromDatabase.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { migrationLock } from "./advisoryLocks.ts";
import { MIGRATION_LOCK_TIMEOUT_MS, repeatWhileBlocked } from "./blockedMigration.ts";
import { clientClass } from "./client.ts";
import { OLDEST_PROGRAM } from "./compatibility.ts";
import { requireOwnSchemas } from "./foreignObjects.ts";
import { runGraphileMigrations } from "./graphileMigrations.ts";
import { noticeOurDeath } from "./ourDeath.ts";
import { dropLeftovers, viewsAndTriggersOf } from "./leftovers.ts";
import { type DatabaseLog, silentLog } from "./log.ts";
import {
  type CurrentStateFile,
  type Migration,
  readSchemaFiles,
  type SchemaFiles,
  type SqlFile,
} from "./migrationFiles.ts";
import { compareSchema, readRecordedSchema, type RecordedSchema, tooNew } from "./migrationState.ts";
import { explainMissingRight, requireCreateRight } from "./missingRights.ts";
import { CREATE_ROLES, grantRights, missingRoleCommands } from "./roles.ts";
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
    oldest_program text not null,
    files jsonb not null,
    applied_at timestamptz not null default clock_timestamp()
  );
  comment on table ratchet_private.schema_state is 'Which functions, views and triggers of Ratchet this database has (a hash of their files, and of each), and the oldest version whose programs work on them.';`;

/** What is noted of the functions, views and triggers, with the parameters of {@link stateValues}. */
export const NOTE_STATE = `insert into ratchet_private.schema_state (hash, version, oldest_program, files)
  values ($1, $2, $3, $4::jsonb)
  on conflict (only_row) do update
    set hash = excluded.hash, version = excluded.version, oldest_program = excluded.oldest_program, files = excluded.files,
        applied_at = clock_timestamp()`;

/** What {@link NOTE_STATE} takes. */
export function stateValues({ currentState, currentStateHash, version }: SchemaFiles): string[] {
  const hashes = Object.fromEntries(currentState.map(({ path, hash }) => [path, hash]));
  return [currentStateHash, version, OLDEST_PROGRAM, JSON.stringify(hashes)];
}

/** What {@link migrate} takes besides the pool. */
export interface MigrateOptions {
  readonly log?: DatabaseLog | undefined;
  /** Replaces the package's own `sql`, for tests. */
  readonly folder?: string | undefined;
  /** Ends the waiting for other migrators and for locks; what is being applied at that moment is applied. */
  readonly signal?: AbortSignal | undefined;
  /** For how long it tries to get its locks. Default: 5 minutes. */
  readonly giveUpAfterMs?: number | undefined;
}

/** What a run of {@link migrate} did. */
export interface MigrationResult {
  /** Migrations applied now, e.g. `000001_jobs_and_tasks`. */
  readonly applied: string[];
  /** Whether functions, views, triggers and so on were put in place anew. */
  readonly schemaRefreshed: boolean;
  /**
   * Statements for somebody who may create roles: this role may not, and only its own logins can use Ratchet before it is
   * done. Run `migrate` again afterwards.
   */
  readonly missingRoles: readonly string[];
}

/**
 * Brings a database to this version's schema: graphile-worker's own migrations, then ours, the latter in one transaction.
 * Any number of processes may call it at once; one works, the others wait and find nothing to do. An interrupted run
 * leaves nothing half-applied. Nobody waits for it longer than {@link MIGRATION_LOCK_TIMEOUT_MS} for a lock that it does not
 * get. The schemas have the pool's names.
 * @throws {RatchetError} RT103 if the role lacks a right, RT110 if a schema is somebody else's, RT107 if a newer Ratchet has
 * migrated the database and this one is too old for it, RT108 if a migration file differs from what was applied, RT149 if
 * somebody's transaction was in the way for too long
 */
export async function migrate(pool: pg.Pool, options: MigrateOptions = {}): Promise<MigrationResult> {
  const { log = silentLog, folder, signal } = options;
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
    await noticeOurDeath(client);
    await takeLock(client, names, log, signal);
    return await migrateLocked(pool, client, files, { ...options, log });
  } catch (error) {
    throw await explainMissingRight(client, toRatchetError(error));
  } finally {
    // Ends the lock too.
    await client.end();
  }
}

async function takeLock(
  client: pg.Client,
  names: SchemaNames,
  log: DatabaseLog,
  signal: AbortSignal | undefined,
): Promise<void> {
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
    await delay(LOCK_POLL_MS, undefined, { signal });
  }
}

async function migrateLocked(
  pool: pg.Pool,
  client: pg.Client,
  files: SchemaFiles,
  { log, signal, giveUpAfterMs }: MigrateOptions & { readonly log: DatabaseLog },
): Promise<MigrationResult> {
  const recorded = await readRecordedSchema(client);
  if (recorded !== null) {
    refuseTooNew(recorded, files);
    refuseChanged(recorded, files);
  }
  const blocked = { db: client, log, signal, giveUpAfterMs };
  const names = schemasOf(pool);
  await requireOwnSchemas(client, names, recorded !== null);
  await requireCreateRight(client, [names.graphileWorker, names.ratchet, `${names.ratchet}_private`]);
  await repeatWhileBlocked(() => runGraphileMigrations(pool, log, MIGRATION_LOCK_TIMEOUT_MS), blocked);
  // Not in the transaction: roles belong to the whole server, and migrations of its other databases would wait for it.
  await client.query(CREATE_ROLES);
  const missingRoles = await missingRoleCommands(client);

  const state = recorded === null ? "pending" : compareSchema(recorded, files);
  if (state === "ahead") {
    log.info(
      { ours: files.version, theirs: recorded?.currentState?.version },
      "a newer Ratchet's functions and views are left as they are",
    );
  }
  if (state !== "pending") {
    await repeatWhileBlocked(() => grantRights(client, { onlyIfMissing: true }), blocked);
    return { applied: [], schemaRefreshed: false, missingRoles };
  }
  const appliedBefore = new Set(recorded?.migrations.map(({ number }) => number));
  const pending = files.migrations.filter(({ number }) => !appliedBefore.has(number));
  // A migration may need views and triggers out of its way; without one, what has not changed takes no lock.
  const isKept = ({ path, hash, isFunctions }: CurrentStateFile): boolean =>
    pending.length === 0 && !isFunctions && recorded?.currentState?.files[path] === hash;
  await repeatWhileBlocked(() => apply(client, { pending, files, isKept, log }), blocked);
  const applied = pending.map((migration) => migration.path.replaceAll(/^migrations\/|\.sql$/gv, ""));
  log.info({ applied }, "the database schema is up to date");
  return { applied, schemaRefreshed: true, missingRoles };
}

/** Throws RT107 if the database needs a later version than this one. */
export function refuseTooNew(recorded: RecordedSchema, files: SchemaFiles): void {
  if (compareSchema(recorded, files) === "newer") {
    throw tooNew(recorded, files);
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

interface Application {
  readonly pending: readonly Migration[];
  readonly files: SchemaFiles;
  /** Whether what the file makes is left as it is. */
  readonly isKept: (file: CurrentStateFile) => boolean;
  readonly log: DatabaseLog;
}

async function apply(client: pg.Client, { pending, files, isKept, log }: Application): Promise<void> {
  await client.query("begin isolation level read committed");
  try {
    // Names are looked up nowhere but where the file says; the order of functions that call each other is free.
    await client.query(
      `set local lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}; set local search_path = '';
       set local check_function_bodies = off; set local client_min_messages = warning`,
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
    for (const file of files.currentState.filter((each) => !isKept(each))) {
      await run(client, file);
    }
    const kept = files.currentState.filter(isKept).flatMap(({ sql }) => viewsAndTriggersOf(sql));
    const dropped = await dropLeftovers(client, kept, log);
    if (dropped.length > 0) {
      log.info({ dropped }, "objects of an older Ratchet were removed");
    }
    await grantRights(client);
    await client.query(NOTE_STATE, stateValues(files));
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
