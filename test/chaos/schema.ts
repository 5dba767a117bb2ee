import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type pg from "pg";

import { readSchemaFiles } from "../../src/database/migrationFiles.ts";
import { migrate } from "../../src/database/migrator.ts";
import { type Mutation, mutate } from "./mutations.ts";

const OWN_SQL = fileURLToPath(new URL("../../sql", import.meta.url));

// No unique constraint on effects: how often each happened is what is counted. Changes carry their transaction, whose
// commit time Postgres keeps.
const OBSERVATION = `
  create schema if not exists chaos;
  create table if not exists chaos.effects (job_id bigint not null, position integer not null, fence integer not null);
  create table if not exists chaos.task_changes (
    id bigint generated always as identity, transaction xid not null default pg_current_xact_id()::xid,
    job_id bigint not null, position integer not null, old_status text not null, new_status text not null,
    old_fence integer not null, new_fence integer not null, by_operator boolean not null
  );
  create table if not exists chaos.holders (
    id bigint generated always as identity, transaction xid not null default pg_current_xact_id()::xid,
    job_id bigint not null, old_worker integer, new_worker integer, new_fence integer not null
  );
  create or replace function chaos.note_task() returns trigger language plpgsql security definer as $$
  begin
    insert into chaos.task_changes (job_id, position, old_status, new_status, old_fence, new_fence, by_operator)
      values (new.job_id, new.position, old.status, new.status, old.fence, new.fence, coalesce(new.result ? 'byOperator', false));
    return null;
  end $$;
  create or replace function chaos.note_holder() returns trigger language plpgsql security definer as $$
  begin
    insert into chaos.holders (job_id, old_worker, new_worker, new_fence)
      values (new.id, old.worker_id, new.worker_id, new.fence);
    return null;
  end $$;`;

const TRIGGERS = `
create or replace trigger tasks_9_noted after update on ratchet.tasks
  for each row when (
    new.fence < old.fence or old.status <> new.status and (
      old.status in ('COMPLETED', 'SKIPPED', 'FAILED', 'CANCELLED') or new.status in ('COMPLETED', 'SKIPPED', 'FAILED', 'CANCELLED')))
  execute function chaos.note_task();
create or replace trigger jobs_9_noted after update on ratchet.jobs
  for each row when (old.worker_id is distinct from new.worker_id)
  execute function chaos.note_holder();
`;

/** The schema of a run: Ratchet's, changed by a mutation if one is asked for, with triggers that note what happens. */
export interface ChaosSchema {
  /** Applies all of it again, even if nothing is new, as a deployment under load does. */
  migrateAgain(): Promise<void>;
}

/** Migrates the run's database from a copy of the SQL files. */
export async function installSchema(admin: pg.Pool, folder: string, mutation: Mutation | null): Promise<ChaosSchema> {
  const copy = join(folder, "sql");
  cpSync(OWN_SQL, copy, { recursive: true });
  mkdirSync(join(copy, "schema", "triggers"), { recursive: true });
  writeFileSync(join(copy, "schema", "triggers", "zz_chaos.sql"), TRIGGERS);
  if (mutation !== null) {
    mutate(copy, mutation);
  }
  await admin.query(OBSERVATION);

  async function apply(): Promise<void> {
    await migrate(admin, { folder: copy });
    // Workers compare with the files of the package, and shall find no difference.
    await admin.query("update ratchet_private.schema_state set hash = $1", [readSchemaFiles().currentStateHash]);
  }
  await apply();
  return {
    async migrateAgain() {
      await admin.query("update ratchet_private.schema_state set hash = 'older'");
      await apply();
    },
  };
}
