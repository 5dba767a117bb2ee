import { createHash } from "node:crypto";

import pg from "pg";

import { HANDLER_RAN, type Edit, instrument } from "./instrument.ts";
import { PAUSE_LOCKS, type Session, openSession } from "./session.ts";

/** Rows of the tables that a state consists of, by table. */
export type Tables = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** What is committed. */
export interface Committed {
  readonly tables: Tables;
  /** The same for states that differ in nothing that matters. */
  readonly hash: string;
}

/** A database with the real functions, instrumented, and sessions in it. */
export interface Laboratory {
  session(name: string): Session;
  read(): Promise<Committed>;
  restore(to: Committed): Promise<void>;
  /** Contradictions that `ratchet.all_violations` sees. */
  violations(): Promise<string[]>;
  /** For each of these sessions that waits for locks of others, whose. */
  blockers(sessions: readonly Session[]): Promise<Map<Session, Session[]>>;
  /** Ends the statement of a session. */
  cancel(session: Session): Promise<void>;
  close(): Promise<void>;
}

/** Workers by name. */
export const WORKERS: Readonly<Record<string, number>> = { W1: 1, W2: 2 };
/** The job that is explored. */
export const JOB_ID = 1;
/** The version of its definition. */
export const VERSION = "x1";

const SESSIONS = ["W1a", "W1b", "W1c", "W2a", "W2b", "W2c", "R1", "R2", "O", "S"];

const TABLES = [
  "ratchet.jobs",
  "ratchet.tasks",
  "ratchet.task_failures",
  "ratchet.workers",
  "graphile_worker._private_jobs",
  "explorer.effects",
] as const;

const DEFINITION = {
  identifier: "explored",
  version: VERSION,
  templates: [
    { key: "plain", title: "Plain task", each: null },
    { key: "transaction", title: "Transaction task", each: null },
  ],
  max_attempts: 3,
  retry_delay: "0 s",
  retry_backoff: 1,
  retry_max_delay: null,
  retry_jitter: 0,
};

// The clock stands still: what waits for a time is due at once, and the same state has the same rows.
const SETUP = `
  create schema explorer;
  create table explorer.effects (id bigint generated always as identity primary key, job_id bigint, plan_position integer);
  create function explorer.pause(p_label text) returns void language plpgsql volatile set search_path = '' as $$
  declare
    v_session integer := nullif(current_setting('explorer.session', true), '')::integer;
    v_number integer;
  begin
    if v_session is null then
      return;
    end if;
    v_number := nextval('explorer.pauses_' || v_session);
    raise notice 'explorer paused %', p_label;
    perform pg_advisory_lock(${PAUSE_LOCKS} + v_session, v_number);
    perform pg_advisory_unlock(${PAUSE_LOCKS} + v_session, v_number);
  end
  $$;
  create function explorer.run_transaction_task(p_worker_id integer, p_job_id bigint, p_position integer, p_fence integer)
  returns table (item integer, outcome text, stop boolean) language plpgsql volatile as $$
  begin
    insert into explorer.effects (job_id, plan_position) values (p_job_id, p_position);
    perform explorer.pause('${HANDLER_RAN}');
    return query select c.item, c.outcome, c.stop from ratchet_private.checkpoint(
      p_worker_id, array[p_job_id], array[p_position], array[p_fence], array['C'], array[5], array[null]::real[], array[null]::text[]) c;
  end
  $$;
  create function explorer.revive(p_worker_id integer, p_pool text, p_version text) returns void language plpgsql volatile as $$
  begin
    perform ratchet_private.revive_worker(p_worker_id, 'explorer', p_worker_id, '1', 1, array[p_version]);
    update ratchet.workers set pool_ids = array[p_pool] where id = p_worker_id;
  end
  $$;
  create or replace function ratchet_private.clock_now() returns timestamptz
  language plpgsql volatile set search_path = '' as $$ begin return '2026-01-01 12:00Z'; end $$;
  alter table ratchet.jobs alter id restart with ${JOB_ID};
`;

/** Prepares an empty, migrated database. `edits` change the real functions first. */
export async function createLaboratory(url: string, edits: readonly Edit[] = []): Promise<Laboratory> {
  const controller = new pg.Client({ connectionString: url, application_name: "explorer" });
  controller.on("error", () => {});
  await controller.connect();
  await controller.query(SETUP);
  await controller.query("select ratchet_private.register_definitions($1, true)", [JSON.stringify([DEFINITION])]);
  for (const [name, id] of Object.entries(WORKERS)) {
    await controller.query(
      `insert into ratchet.workers (id, host, pid, version, concurrency, known_versions, pool_ids, started_at, beat_at)
       overriding system value values ($1, 'explorer', $1, '1', 1, array[$2], array[$3], '2026-01-01 11:00Z', '2026-01-01 11:00Z')`,
      [id, VERSION, poolOf(name)],
    );
  }
  await controller.query("select ratchet.add_job('explored', '{}')");
  await instrument(controller, edits);
  await removeLockTimeouts(controller);
  await createRestore(controller);
  const sessions = new Map<string, Session>();
  for (const [number, name] of SESSIONS.entries()) {
    sessions.set(name, await openSession(url, name, number + 1, controller));
  }

  let present: Committed = await read();
  const violationsOf = new Map<string, Promise<string[]>>();

  async function findViolations(): Promise<string[]> {
    const { rows } = await controller.query<{ rule: string; detail: string }>({
      name: "violations",
      text: "select rule, detail from ratchet.all_violations() where rule not like 'held by a %'",
    });
    return rows.map(({ rule, detail }) => `${rule}: ${detail}`);
  }

  async function read(): Promise<Committed> {
    const { rows } = await controller.query<{ state: Tables }>({
      name: "read",
      text: `select json_build_object(${TABLES.map(
        (table) => `'${table}', (select coalesce(json_agg(t order by ${orderOf(table)}), '[]') from ${table} t)`,
      ).join(", ")}) as state`,
    });
    const tables = rows[0]?.state ?? {};
    return { tables, hash: hash(normalised(tables)) };
  }

  return {
    session(name) {
      const session = sessions.get(name);
      if (session === undefined) {
        throw new Error(`There is no session "${name}".`);
      }
      return session;
    },
    async read() {
      present = await read();
      return present;
    },
    async restore(to) {
      const different = Object.entries(to.tables).filter(
        ([table, rows]) => JSON.stringify(rows) !== JSON.stringify(present.tables[table]),
      );
      if (different.length > 0) {
        await controller.query({
          name: "restore",
          text: "select explorer.restore($1)",
          values: [JSON.stringify(Object.fromEntries(different))],
        });
      }
      present = to;
    },
    violations() {
      const known = violationsOf.get(present.hash) ?? findViolations();
      violationsOf.set(present.hash, known);
      return known;
    },
    async blockers(waiting) {
      const { rows } = await controller.query<{ pid: number; by: number[] }>({
        name: "blockers",
        text: "select w.pid, pg_blocking_pids(w.pid) as by from unnest($1::integer[]) w (pid)",
        values: [waiting.map(({ processId }) => processId)],
      });
      const byProcess = new Map([...sessions.values()].map((session) => [session.processId, session]));
      return new Map(
        rows.flatMap(({ pid, by }) => {
          const session = byProcess.get(pid);
          const others = by.flatMap((each) => byProcess.get(each) ?? []);
          return session === undefined || others.length === 0 ? [] : [[session, others]];
        }),
      );
    },
    async cancel(session) {
      await controller.query("select pg_cancel_backend($1)", [session.processId]);
    },
    async close() {
      await controller.query("select pg_terminate_backend(p) from unnest($1::integer[]) p", [
        [...sessions.values()].map(({ processId }) => processId),
      ]);
      await Promise.all([...sessions.values()].map((session) => session.close()));
      await controller.end();
    },
  };
}

/** graphile-worker's name of a worker. */
export function poolOf(worker: string): string {
  return `pool-${worker}`;
}

/** A short name of a text. */
export function hash(text: string): string {
  return createHash("sha1").update(text).digest("base64url").slice(0, 20);
}

function orderOf(table: string): string {
  return table === "ratchet.tasks" ? "t.job_id, t.position" : "t.id";
}

const WITHOUT_MEANING = new Set(["id", "attempts", "last_error", "revision", "error_stack", "payload"]);

/** Times become whether there is one, and ids of rows their order. */
function normalised(tables: Tables): string {
  return JSON.stringify(
    Object.entries(tables).map(([table, rows]) =>
      rows.map((row) =>
        Object.entries(row).map(([column, value]) => {
          if (column.endsWith("_at")) {
            return value === null ? 0 : 1;
          }
          if (table === "graphile_worker._private_jobs" && column === "attempts") {
            return Number(value) >= Number(row["max_attempts"]);
          }
          return WITHOUT_MEANING.has(column) && table !== "ratchet.tasks" ? "" : value;
        }),
      ),
    ),
  );
}

/** What waits for a lock waits until the explorer lets somebody go on. */
async function removeLockTimeouts(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('ratchet', 'ratchet_private')
       and exists (select from unnest(p.proconfig) c where starts_with(c, 'lock_timeout='))`,
  );
  for (const { name } of rows) {
    await client.query(`alter function ${name} reset lock_timeout`);
  }
}

async function createRestore(client: pg.Client): Promise<void> {
  const parts: string[] = [];
  for (const table of TABLES) {
    const { rows } = await client.query<{ name: string }>(
      "select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
      [table],
    );
    const columns = rows.map(({ name }) => name).join(", ");
    parts.push(`if p ? '${table}' then
      delete from ${table};
      insert into ${table} (${columns}) overriding system value
        select ${columns} from jsonb_populate_recordset(null::${table}, p -> '${table}');
    end if;`);
  }
  await client.query(`create function explorer.restore(p jsonb) returns void language plpgsql volatile as $$
    begin
      perform set_config('session_replication_role', 'replica', true);
      ${parts.join("\n")}
    end $$`);
}
