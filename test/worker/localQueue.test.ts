import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { createEventHub } from "../../src/telemetry/events.ts";
import { type QueueRun, startQueueRun } from "../../src/worker/queueRun.ts";
import { startProxy } from "../engine/proxy.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { type Deferred, deferred, waitUntil } from "../support/waiting.ts";

const PLACES = 10;

let database: TestDatabase;
const unhandled: unknown[] = [];

function note(error: unknown): void {
  unhandled.push(error);
}

beforeAll(async () => {
  database = await createTestDatabase();
  process.on("unhandledRejection", note);
});

afterAll(async () => {
  process.off("unhandledRejection", note);
  await database.drop();
});

/** Plain tasks of one test: `quick_…` ends at once, `slow_…` when the test lets it. */
interface Tasks {
  readonly quick: string;
  readonly slow: string;
  readonly letGo: Deferred<void>;
  /** Which jobs have begun, as often as they have. */
  readonly begun: string[];
}

function createTasks(): Tasks {
  const suffix = randomUUID().slice(0, 8);
  return { quick: `quick_${suffix}`, slow: `slow_${suffix}`, letGo: deferred(), begun: [] };
}

/** A run of graphile-worker with ten places; tells the names of the statements that it fetches and returns with, and its errors. */
async function startRun(
  tasks: Tasks,
  connectionString = database.url,
  passedOn = new Set<string>(),
): Promise<QueueRun & { readonly statements: readonly string[]; readonly errors: readonly string[] }> {
  const pool = createPool({ connectionString });
  const statements: string[] = [];
  const errors: string[] = [];
  pool.on("connect", (client) => {
    const query = client.query.bind(client) as (...parameters: readonly unknown[]) => unknown;
    const noting = (...parameters: readonly unknown[]): unknown => {
      const [statement] = parameters;
      if (typeof statement === "object" && statement !== null && "name" in statement) {
        statements.push(String(statement.name).split("/")[0] ?? "");
      }
      return query(...parameters);
    };
    client.query = noting as typeof client.query;
  });
  const run = await startQueueRun({
    database: pool,
    taskList: {
      [tasks.quick]: (_payload, { job }) => {
        tasks.begun.push(job.id);
      },
      [tasks.slow]: async (_payload, { job }) => {
        tasks.begun.push(job.id);
        await tasks.letGo.promise;
      },
    },
    queue: {
      schema: TEST_SCHEMAS.graphileWorker,
      concurrency: PLACES,
      pollIntervalMs: 3_600_000,
      crontabFile: undefined,
      shutdownGraceMs: 100,
    },
    passedOn,
    hasPlainTasks: true,
    log: pino(
      { level: "error" },
      {
        write(line) {
          errors.push(line);
        },
      },
    ),
    events: createEventHub((error) => {
      throw error;
    }),
    fetcher: {},
    signal: new AbortController().signal,
    onPool: () => Promise.resolve(),
  });
  onTestFinished(async () => {
    tasks.letGo.resolve();
    await run.kill();
    await pool.end();
  });
  return { ...run, statements, errors };
}

/** Adds jobs in one commit, so that they are told of once. */
async function add(identifier: string, count: number, flags: readonly string[] | null = null): Promise<void> {
  await database.pool.query("select graphile_worker.add_job($1, flags => $3) from generate_series(1, $2)", [
    identifier,
    count,
    flags,
  ]);
}

async function locked({ slow }: Tasks): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from graphile_worker.jobs where task_identifier = $1 and locked_at is not null",
    [slow],
  );
  return rows[0]?.count ?? 0;
}

async function left({ quick, slow }: Tasks): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from graphile_worker.jobs where task_identifier = any($1)",
    [[quick, slow]],
  );
  return rows[0]?.count ?? 0;
}

/** Begins ten slow jobs after so many quick ones that more slow ones lie in the local queue. */
async function fillLocalQueue(tasks: Tasks): Promise<void> {
  await add(tasks.quick, 300);
  await add(tasks.slow, 40);
}

test("all free places share one fetch, and without a free place nothing is fetched or held", async () => {
  const tasks = createTasks();
  await add(tasks.slow, 30);
  const { statements, pool } = await startRun(tasks);
  await waitUntil(() => tasks.begun.length === PLACES, { what: "ten handlers" });
  pool.nudge(20);
  await add(tasks.slow, 1);
  expect(await locked(tasks)).toBe(PLACES);
  expect(statements.filter((name) => name.startsWith("get_job"))).toStrictEqual(["get_job10"]);

  tasks.letGo.resolve();
  await waitUntil(async () => (await left(tasks)) === 0, { what: "the end of all" });
  expect(new Set(tasks.begun).size).toBe(31);
  expect(tasks.begun).toHaveLength(31);
});

test("an idle run fetches once for each notification and not after each job", async () => {
  const tasks = createTasks();
  const { statements } = await startRun(tasks);
  for (let job = 1; job <= 20; job++) {
    await add(tasks.quick, 1);
    await waitUntil(async () => tasks.begun.length === job && (await left(tasks)) === 0, { what: `job ${job}` });
  }
  // One when it starts, two soon after LISTEN.
  expect(statements.filter((name) => name.startsWith("get_job")).length).toBeLessThanOrEqual(20 + 3);
});

test("what was fetched ahead of handlers that turn slow goes back while they run, and another worker runs it", async () => {
  const tasks = createTasks();
  await fillLocalQueue(tasks);
  const { statements } = await startRun(tasks);
  await waitUntil(() => statements.some((name) => name.startsWith("return_job")), { what: "a return" });
  await waitUntil(async () => (await locked(tasks)) === PLACES, { what: "the return" });
  const others = { ...tasks, begun: [] };
  await startRun(others);
  await waitUntil(() => others.begun.length >= PLACES, { what: "ten more handlers" });
  tasks.letGo.resolve();
  await waitUntil(async () => (await left(tasks)) === 0, { what: "the end of all" });
  const begun = [...tasks.begun, ...others.begun];
  expect(new Set(begun).size).toBe(340);
  expect(begun).toHaveLength(340);
});

test.each(["before", "after"] as const)(
  "a return whose connection is lost %s Postgres gets it leaves nothing locked, though handlers run on for long",
  async (place) => {
    const proxy = await startProxy(database.url);
    onTestFinished(() => proxy.close());
    const tasks = createTasks();
    await fillLocalQueue(tasks);
    const cut = proxy.cutNext("return_job", place);
    const run = await startRun(tasks, proxy.url);
    await cut;
    expect(await run.leaving).toBe("The answer to a fetch was lost");
    await waitUntil(async () => (await locked(tasks)) === PLACES, { what: "the return" });
    const others = { ...tasks, begun: [] };
    await startRun(others);
    await waitUntil(() => others.begun.length >= PLACES, { what: "ten more handlers" });
    tasks.letGo.resolve();
    await run.ended;
    await waitUntil(async () => (await left(tasks)) === 0, { what: "the end of all" });
    const begun = [...tasks.begun, ...others.begun];
    expect(new Set(begun).size).toBe(340);
    expect(begun).toHaveLength(340);
    expect(unhandled).toStrictEqual([]);
  },
);

test.each(["before", "after"] as const)(
  "a connection that is lost %s Postgres registers the identifiers does not keep the run from fetching",
  async (place) => {
    const proxy = await startProxy(database.url);
    onTestFinished(() => proxy.close());
    const tasks = createTasks();
    const cut = proxy.cutNext("_private_tasks as tasks (identifier)", place);
    await startRun(tasks, proxy.url);
    await cut;
    await add(tasks.quick, 1);
    await waitUntil(() => tasks.begun.length === 1, { what: "the job" });
    expect(unhandled).toStrictEqual([]);
  },
);

test("a run that stops gives back at once what lies in its local queue, and fails nothing that still runs", async () => {
  const tasks = createTasks();
  await fillLocalQueue(tasks);
  const run = await startRun(tasks);
  await waitUntil(async () => (await locked(tasks)) > PLACES, { what: "a full local queue" });
  const stopping = run.stop();
  await waitUntil(async () => (await locked(tasks)) === PLACES, { what: "the return" });
  tasks.letGo.resolve();
  await stopping;
  expect(run.errors).toStrictEqual([]);
  const { rows } = await database.pool.query(
    "select count(*)::int as count, count(locked_at)::int as locked, max(attempts) as attempts, max(last_error) as error from graphile_worker.jobs where task_identifier = $1",
    [tasks.slow],
  );
  expect(rows).toStrictEqual([{ count: 40 - PLACES, locked: 0, attempts: 0, error: null }]);
  expect(unhandled).toStrictEqual([]);
});

test("wake-ups that are left to others are not fetched, and the run goes on with the rest, in shared fetches", async () => {
  const tasks = createTasks();
  const passedOn = new Set<string>();
  const run = await startRun(tasks, database.url, passedOn);
  await add(tasks.slow, PLACES - 2);
  await waitUntil(() => tasks.begun.length === PLACES - 2, { what: "eight handlers" });
  passedOn.add("old");
  await add(tasks.slow, 3, ["old", "older"]);
  await add(tasks.quick, 5, ["current"]);
  await waitUntil(async () => (await left(tasks)) === PLACES - 2 + 3, { what: "five jobs" });
  expect(await locked(tasks)).toBe(PLACES - 2);
  expect(run.statements).toContain("get_job2F");
  // Another one would have places of its own, while these handlers go on.
  expect(await Promise.race([run.leaving, Promise.resolve("goes on")])).toBe("goes on");
});

test("jobs of one named queue in front hide no others: every free place gets a job at once", async () => {
  const tasks = createTasks();
  await database.pool.query(
    `select graphile_worker.add_job($1, queue_name => $1 || queue, priority => queue)
     from generate_series(1, $2) as queue, generate_series(1, 20)`,
    [tasks.slow, PLACES],
  );
  await startRun(tasks);
  await waitUntil(() => tasks.begun.length === PLACES, { what: "one handler for each queue" });
  expect(await locked(tasks)).toBe(PLACES);
});
