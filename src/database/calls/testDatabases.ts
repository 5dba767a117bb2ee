import type { Queryable } from "./queryable.ts";

/** Databases that the test kit makes begin with this; a template is called `…_template_<hash>`, a clone `…_<run>_<number>`. */
export const TEST_DATABASE_PREFIX = "ratchet_testing_";

/** Sessions of a run that makes databases are called this and the run, so that others can tell what was left behind. */
export const TEST_RUN_PREFIX = "ratchet_testing_run_";

/**
 * Creates a database. The names are the test kit's own and need no quotes.
 * @param isInMemory whether copying the files beats writing them to the log, as it does where fsync is off.
 */
export async function createDatabase(db: Queryable, name: string, template: string, isInMemory = false): Promise<void> {
  await db.query(
    `create database ${name} template ${template} encoding 'UTF8'${isInMemory ? " strategy file_copy" : ""}`,
  );
}

/** Drops a database if it is there, ending the sessions in it. */
export async function dropDatabase(db: Queryable, name: string): Promise<void> {
  await db.query(`drop database if exists ${name} with (force)`);
}

/** Gives a database another name; nobody may be connected to it. */
export async function renameDatabase(db: Queryable, name: string, newName: string): Promise<void> {
  await db.query(`alter database ${name} rename to ${newName}`);
}

/** Whether there is a database of this name. */
export async function hasDatabase(db: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await db.query("select from pg_catalog.pg_database where datname = $1::text", [name]);
  return rowCount === 1;
}

/** Databases of runs that were killed before they could drop them. */
export async function databasesOfDeadRuns(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select d.datname as name from pg_catalog.pg_database d
     cross join lateral (select substring(d.datname from '^ratchet_testing_(\\d+_\\d+_[0-9a-z]+)_') as run) r
     where r.run is not null
       and not exists (select from pg_catalog.pg_stat_activity a where a.application_name = $1::text || r.run)`,
    [TEST_RUN_PREFIX],
  );
  return rows.map(({ name }) => name);
}

/**
 * Stores the password anew with one round of hashing: each of the many connections of a test is made 5 ms sooner. For a
 * server on 127.0.0.1 that lives as long as a test process and holds nothing.
 */
export async function makePasswordCheap(db: Queryable, password: string): Promise<void> {
  await db.query("select set_config('scram_iterations', '1', false)");
  await db.query(`alter role current_user password '${password}'`);
}
