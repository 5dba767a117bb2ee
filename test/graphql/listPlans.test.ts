import pg from "pg";
import { afterEach, beforeAll, expect, test, vi } from "vitest";

import { named } from "../support/schemas.ts";
import { useServer } from "./server.ts";

const bench = useServer();

const ENDED = 50_000;
const UNFINISHED = 500;
const ROWS = 50;
/** What one row of a list may read: itself, its tasks and where it is, some of it more than once. */
const READS_A_ROW = 12;

const JOBS = `query ($filter: JobFilter, $orderBy: [JobOrderBy!]) {
  jobs(first: ${ROWS}, filter: $filter, orderBy: $orderBy) {
    nodes { id status progress taskCount finishedTaskCount currentTask { name errorMessage } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

/** Two definitions whose jobs ended within thirty days, one in a thousand FAILED, and jobs that are due. */
beforeAll(async () => {
  const client = new pg.Client({ connectionString: bench.sql.url() });
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    await client.query(
      named(`insert into ratchet.jobs (identifier, version, status, run_at, created_at, started_at, finished_at, payload)
       select case when n % 2 = 0 then 'single' else 'publish' end, '1', s.status::ratchet.job_status, s.at, s.at,
         case when s.status <> 'PENDING' then s.at end, case when s.status <> 'PENDING' then s.at end, '{"title": "Jacket"}'
       from generate_series(1, $1::integer + $2::integer) n
       cross join lateral (
         select now() - greatest($1::integer - n, 0) * interval '30 days' / $1::integer as at,
           case when n > $1::integer then 'PENDING' when n % 1000 = 0 then 'FAILED' else 'COMPLETED' end as status) s`),
      [ENDED, UNFINISHED],
    );
    await client.query(
      named(`insert into ratchet.tasks (job_id, position, status, attempts, key, template, name, started_at, completed_at, error_message)
       select j.id, 1, j.status::text::ratchet.task_status, case when j.status = 'PENDING' then 0 else 1 end, 'run', 'run', 'Run',
         j.started_at, case when j.status = 'COMPLETED' then j.finished_at end, case when j.status = 'FAILED' then 'fetch failed' end
       from ratchet.jobs j`),
    );
    await client.query(named("vacuum analyze ratchet.jobs, ratchet.tasks"));
  } finally {
    await client.end();
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Rows of jobs and tasks, and entries of their indexes, that the statements of a request read, found out by running them once more in one transaction. */
async function readsOf(query: string, variables: Record<string, unknown> = {}): Promise<number> {
  const statements = await statementsOf(query, variables);
  const client = new pg.Client({ connectionString: bench.sql.url() });
  await client.connect();
  try {
    // A parallel worker's reads are not counted here.
    await client.query("set max_parallel_workers_per_gather = 0");
    for (const { text, values } of statements) {
      await client.query(text, [...values]);
    }
    await client.query("reset role");
    const { rows } = await client.query<{ reads: number }>(
      `select sum(pg_stat_get_xact_tuples_returned(r.oid))::integer as reads
       from unnest(array[$1::regclass, $2::regclass]) t
       cross join lateral (select t::oid union all select i.indexrelid from pg_index i where i.indrelid = t) r (oid)`,
      [named("ratchet.jobs"), named("ratchet.tasks")],
    );
    return rows[0]?.reads ?? -1;
  } finally {
    await client.end();
  }
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a request sends to Postgres, from the beginning of its transaction on and without the end. */
async function statementsOf(query: string, variables: Record<string, unknown>): Promise<Statement[]> {
  const sent = vi.spyOn(pg.Client.prototype, "query");
  const { errors } = await bench.ask(query, variables);
  expect(errors).toStrictEqual([]);
  const statements = sent.mock.calls.map(([given, values]): Statement => {
    const { text, values: own } = (typeof given === "string" ? { text: given } : given) as Partial<Statement>;
    return { text: text ?? "", values: own ?? (Array.isArray(values) ? values : []) };
  });
  sent.mockRestore();
  // Nobody waits for the commit of the request before.
  const begin = statements.findIndex(({ text }) => text.startsWith("begin;"));
  expect(begin).not.toBe(-1);
  return statements.slice(begin).filter(({ text }) => text !== "commit");
}

const page = ROWS * READS_A_ROW;
const identifier = { equalTo: "single" };

test.each([
  ["the newest jobs", {}, page],
  ["the oldest jobs", { orderBy: ["ID_ASC"] }, page],
  ["unfinished jobs", { filter: { isFinal: false } }, page],
  [
    "a status that unfinished jobs alone have and none has",
    { filter: { status: { in: ["RUNNING", "WAITING"] } } },
    UNFINISHED + page,
  ],
  [
    "unfinished jobs by their next try",
    { filter: { isFinal: false }, orderBy: ["NEXT_ATTEMPT_AT_ASC"] },
    UNFINISHED + page,
  ],
  ["unfinished jobs by their time", { filter: { isFinal: false }, orderBy: ["RUN_AT_DESC"] }, UNFINISHED + page],
  ["the last ends of a definition", { filter: { identifier, isFinal: true }, orderBy: ["FINISHED_AT_DESC"] }, page],
  [
    "the failures of a definition that ended within the hour",
    {
      filter: {
        identifier,
        status: { equalTo: "FAILED" },
        isFinal: true,
        finishedAt: { greaterThanOrEqualTo: HOUR_AGO },
      },
    },
    page,
  ],
  ["a text that is nowhere", { filter: { search: "nowhere" } }, 20_000 + page],
  ["a text that is nowhere, in unfinished jobs", { filter: { search: "nowhere", isFinal: false } }, UNFINISHED + page],
])("a list reads only what it may: %s", async (_name, variables, most) => {
  const reads = await readsOf(JOBS, variables);
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(most);
});

test("the front page's numbers read unfinished jobs and the ends of the hour", async () => {
  const { ends } = await bench.sql.row<{ ends: number }>(
    "select count(*)::integer as ends from ratchet.jobs where finished_at >= now() - interval '61 minutes'",
  );
  for (const field of [
    "queueStats(minutes: 60) { completed }",
    "queueHistory(minutes: 60, buckets: 60) { completed }",
  ]) {
    expect(await readsOf(`{ ${field} }`)).toBeLessThanOrEqual(UNFINISHED + ends);
  }
});
