import type pg from "pg";
import { afterAll, beforeAll } from "vitest";

import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/waiting.ts";

/** What the tests of SQL objects use: the database of their file. */
export interface Sql {
  readonly pool: () => pg.Pool;
  readonly url: () => string;
  /** All rows of a query. */
  readonly rows: <Row extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** The first row of a query; throws without one. */
  readonly row: <Row extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row>;
  /** The first column of the first row. */
  readonly value: <Value>(text: string, values?: unknown[]) => Promise<Value>;
}

/** A database for the file, with the definitions `publish` (validate, upload per image, create) and `single` (one task). */
export function useSql({
  definitions = true,
  create = createTestDatabase,
}: { definitions?: boolean; create?: () => Promise<TestDatabase> } = {}): Sql {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await create();
    if (definitions) {
      await register(sql, [publish(), single()]);
    }
  });

  afterAll(() => database.drop());
  const sql: Sql = {
    pool: () => database.pool,
    url: () => database.url,
    rows: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await database.pool.query<Row>(text, values)).rows,
    row: async <Row extends object>(text: string, values: unknown[] = []) => first<Row>(await sql.rows(text, values)),
    value: async <Value>(text: string, values: unknown[] = []) =>
      Object.values(await sql.row(text, values))[0] as Value,
  };
  return sql;
}

function first<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) {
    throw new Error("The query gave no row.");
  }
  return row;
}

/** A row of `register_definitions`. */
export interface DefinitionFixture {
  readonly identifier: string;
  readonly version: string;
  readonly templates: readonly { key: string; title: string; each: string | null }[];
  readonly max_attempts: number;
  readonly retry_delay: string;
  readonly retry_backoff: number;
  readonly retry_max_delay: string | null;
  readonly retry_jitter: number;
  readonly payload_schema?: object | null;
  readonly keep_completed?: string | null;
  readonly keep_failed?: string | null;
  readonly hide_payloads?: boolean;
  readonly timeout?: string | null;
}

const RETRY = { max_attempts: 5, retry_delay: "30 s", retry_backoff: 1, retry_max_delay: null, retry_jitter: 0 };

/** Validate, one upload per image, create. */
export function publish(changes: Partial<DefinitionFixture> = {}): DefinitionFixture {
  return {
    identifier: "publish",
    version: "p1",
    templates: [
      { key: "validate", title: "Validate product", each: null },
      { key: "upload", title: "Upload image {n}/{total}", each: 'strict $."images"[*]' },
      { key: "create", title: "Create listing", each: null },
    ],
    ...RETRY,
    ...changes,
  };
}

/** One task, `only`. */
export function single(changes: Partial<DefinitionFixture> = {}): DefinitionFixture {
  return {
    identifier: "single",
    version: "s1",
    templates: [{ key: "only", title: "The only task", each: null }],
    ...RETRY,
    ...changes,
  };
}

/** Registers definitions as a worker does, or as `ratchet migrate` does. */
export async function register(
  sql: Pick<Sql, "rows">,
  definitions: readonly DefinitionFixture[],
  makeCurrent = false,
): Promise<void> {
  await sql.rows("select ratchet_private.register_definitions($1, $2)", [JSON.stringify(definitions), makeCurrent]);
}

/** A row of `ratchet.jobs`. */
export interface Job {
  id: string;
  identifier: string;
  version: string | null;
  tenant: string;
  status: string;
  fence: number;
  worker_id: number | null;
  priority: number;
  max_attempts: number | null;
  retry_delay: unknown;
  run_at: Date;
  next_attempt_at: Date | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  cancelled_at: Date | null;
  cancel_reason: string | null;
  scrubbed_at: Date | null;
  queue_name: string | null;
  job_key: string | null;
  adopted_from: string | null;
  payload: unknown;
}

/** A row of `ratchet.tasks`. */
export interface Task {
  job_id: string;
  position: number;
  status: string;
  fence: number;
  attempts: number;
  stop_after: boolean;
  progress: number | null;
  started_at: Date | null;
  completed_at: Date | null;
  key: string;
  template: string;
  name: string;
  error_message: string | null;
  input: unknown;
  result: unknown;
}

type Queryable = Pick<pg.ClientBase, "query">;

/** What {@link addJob} takes: the arguments of `ratchet.add_job` by name. */
export type AddJobArguments = Readonly<Record<string, unknown>>;

/** Calls `ratchet.add_job` with named arguments; `payload` may be any value that JSON has. */
export async function addJob(db: Queryable, given: AddJobArguments): Promise<Job> {
  const names = Object.keys(given);
  const { rows } = await db.query<Job>(
    `select * from ratchet.add_job(${names.map((name, index) => `${name} => $${index + 1}`).join(", ")})`,
    names.map((name) => (name === "payload" ? JSON.stringify(given[name]) : given[name])),
  );
  return first(rows);
}

/** Adds a job of one task. */
export function addSingle(sql: Sql, given: AddJobArguments = {}): Promise<Job> {
  return addJob(sql.pool(), { identifier: "single", ...given });
}

/** Adds a job of five tasks, or of two more than it has images. */
export function addPublish(
  sql: Sql,
  images: readonly string[] = ["a", "b", "c"],
  given: AddJobArguments = {},
): Promise<Job> {
  return addJob(sql.pool(), { identifier: "publish", payload: { images }, ...given });
}

/** Reads a job. */
export function readJob(sql: Sql, id: string): Promise<Job> {
  return sql.row<Job>("select * from ratchet.jobs where id = $1", [id]);
}

/** Reads a job's tasks in order. */
export function readTasks(sql: Sql, id: string): Promise<Task[]> {
  return sql.rows<Task>("select * from ratchet.tasks where job_id = $1 order by position", [id]);
}

/** Statuses of a job's tasks in order. */
export async function statuses(sql: Sql, id: string): Promise<string[]> {
  return (await readTasks(sql, id)).map((task) => task.status);
}

/** Wake-ups of a job that can still wake somebody. */
export function readWakeUps(
  sql: Sql,
  id: string,
): Promise<{ id: string; run_at: Date; priority: number; queue_name: string | null; max_attempts: number }[]> {
  return sql.rows(
    `select w.* from graphile_worker.jobs w where w.key = 'ratchet:' || $1::text and w.attempts < w.max_attempts`,
    [id],
  );
}

/** Enters a worker that knows the versions of the fixtures; its lock is not kept, and its sign of life holds for a day. */
export function addWorker(sql: Sql, versions: readonly string[] = ["p1", "s1"]): Promise<number> {
  return sql.value<number>(
    `insert into ratchet.workers (host, pid, version, concurrency, known_versions, started_at, beat_at)
     values ('test-host', 1, '0.1.0', 10, $1, clock_timestamp(), clock_timestamp() + interval '1 day') returning id`,
    [versions],
  );
}

/** A row of `claim_jobs`. */
export interface ClaimRow {
  job_id: string;
  outcome: string;
  fence: number;
  identifier: string;
  version: string | null;
  tenant: string;
  first_position: number;
  payload: unknown;
  plan: [number, string, string, string, string, number, unknown][] | null;
  max_attempts: number;
  created_at_ms: number;
  holder: number | null;
  is_suspect: boolean | null;
}

/** Claims jobs; the answers in the order of the ids. */
export async function claim(
  db: Queryable,
  workerId: number,
  jobIds: readonly string[],
  {
    versions = ["p1", "s1"],
    isOrder = false,
    takesSuspect = true,
  }: { versions?: readonly string[]; isOrder?: boolean; takesSuspect?: boolean } = {},
): Promise<ClaimRow[]> {
  const { rows } = await db.query<ClaimRow>("select * from ratchet_private.claim_jobs($1, $2, $3, $4, $5)", [
    workerId,
    jobIds,
    versions,
    isOrder,
    takesSuspect,
  ]);
  return [...new Set(jobIds)].map((id) => first(rows.filter((row) => row.job_id === id)));
}

/** Claims one job that must be free and due; returns its fence. */
export async function claimOne(sql: Sql, workerId: number, jobId: string): Promise<ClaimRow> {
  const [row] = await claim(sql.pool(), workerId, [jobId]);
  if (row?.outcome !== "claimed") {
    throw new Error(`Job ${jobId} was not claimed: ${row?.outcome}`);
  }
  return row;
}

/** One item of a checkpoint. */
export interface Item {
  readonly job: string;
  readonly position: number;
  readonly fence: number;
  readonly kind: "C" | "R" | "F";
  readonly elapsedMs?: number;
  readonly progress?: number;
  readonly result?: unknown;
  readonly failure?: Readonly<Record<string, unknown>>;
}

/** An answer of a checkpoint. */
export interface Answer {
  item: number;
  outcome: string;
  stop: boolean | null;
  retry_in_ms: number | null;
  attempts: number | null;
}

type AnswerRow = Omit<Answer, "item"> & { item: number | null; items: number };

function itemsBeforeShared(left: AnswerRow, right: AnswerRow): number {
  return Number(left.item === null) - Number(right.item === null);
}

/** Writes checkpoints; the answers in the order of the items. */
export async function checkpoint(db: Queryable, workerId: number, items: readonly Item[]): Promise<Answer[]> {
  const failures = items.flatMap((item, index) =>
    item.kind === "F"
      ? [
          {
            item: index + 1,
            job_id: item.job,
            position: item.position,
            fence: item.fence,
            elapsed_ms: item.elapsedMs ?? 5,
            counted: true,
            can_retry: true,
            delay_ms: null,
            error_name: "Error",
            error_message: "it broke",
            error_code: null,
            error_stack: null,
            ...item.failure,
          },
        ]
      : [],
  );
  const { rows } = await db.query<AnswerRow>(
    "select * from ratchet_private.checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [
      workerId,
      items.map((item) => item.job),
      items.map((item) => item.position),
      items.map((item) => item.fence),
      items.map((item) => item.kind),
      items.map((item) => item.elapsedMs ?? 5),
      items.map((item) => item.progress ?? null),
      items.map((item) => (item.result === undefined ? null : JSON.stringify(item.result))),
      failures.length > 0 ? JSON.stringify(failures) : null,
    ],
  );
  const answers = items.map((_, index) => ({
    // What was written, and needs no more words, shares a row without item.
    ...first(rows.filter(({ item }) => item === index + 1 || item === null).toSorted(itemsBeforeShared)),
    item: index + 1,
  }));
  return answers.map(({ items: _items, ...answer }) => answer);
}

/** Completes the tasks of a claimed job from one position up to another, as its worker. */
export async function completeTasks(
  sql: Sql,
  workerId: number,
  { job, fence, from, to }: { job: string; fence: number; from: number; to: number },
): Promise<void> {
  for (let position = from; position <= to; position++) {
    const [answer] = await checkpoint(sql.pool(), workerId, [{ job, position, fence, kind: "C", result: position }]);
    if (answer?.outcome !== "written") {
      throw new Error(`Task ${position} of job ${job} was not completed: ${answer?.outcome}`);
    }
  }
}

/** Runs a free, due job to its end. */
export async function runJob(sql: Sql, workerId: number, id: string): Promise<void> {
  const { fence, plan } = await claimOne(sql, workerId, id);
  await completeTasks(sql, workerId, { job: id, fence, from: 1, to: plan?.length ?? 0 });
}

/** A session of its own; `work` may leave a transaction open, which is rolled back. */
export async function withSession<Result>(
  sql: Sql,
  work: (session: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const session = await sql.pool().connect();
  try {
    return await work(session);
  } finally {
    // A connection that a test had ended goes to nobody else.
    const isLost = await session.query("rollback").then(
      () => false,
      () => true,
    );
    session.release(isLost);
  }
}

/** Two sessions, for collisions. */
export function withTwoSessions<Result>(
  sql: Sql,
  work: (one: pg.PoolClient, two: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withSession(sql, (one) => withSession(sql, (two) => work(one, two)));
}

/** The server's process id of a session. */
export async function pidOf(session: Queryable): Promise<number> {
  return first((await session.query<{ pid: number }>("select pg_backend_pid() as pid")).rows).pid;
}

/** Waits until the session with this process id waits for a lock. */
export async function untilBlocked(sql: Sql, pid: number): Promise<void> {
  await waitUntil(() => sql.value<boolean>("select cardinality(pg_blocking_pids($1)) > 0", [pid]), {
    what: `session ${pid} to wait for a lock`,
  });
}

/** A database error as the tests compare it. */
export interface Raised {
  code: string;
  message: string;
  detail: string | undefined;
  hint: string | undefined;
  constraint: string | undefined;
}

/** The error that the promise is rejected with; fails if it is not. */
export async function errorOf(promise: Promise<unknown>): Promise<Raised> {
  try {
    await promise;
  } catch (error) {
    return error as Raised;
  }
  throw new Error("Nothing was raised.");
}

/** Numbers of rows in all tables that an added job writes to. */
export function countRows(sql: Sql): Promise<Record<string, unknown>> {
  return sql.row(
    `select (select count(*) from ratchet.jobs) as jobs, (select count(*) from ratchet.tasks) as tasks,
       (select count(*) from graphile_worker.jobs) as wake_ups`,
  );
}

/** Runs `work` while no trigger of ours fires in its session, to make rows that contradict themselves. */
export function withoutTriggers<Result>(sql: Sql, work: (session: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return withSession(sql, async (session) => {
    await session.query("begin; set local session_replication_role = replica");
    const result = await work(session);
    await session.query("commit");
    return result;
  });
}
