import { Writable } from "node:stream";

import { afterAll, afterEach, beforeAll } from "vitest";

import { type AddJobSpec, type JobSnapshot, addJob, readJob } from "../../src/database/calls/jobs.ts";
import { type RatchetEventName, type RatchetEvents, createEventHub } from "../../src/telemetry/events.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { type RunningWorker, type WorkerOptions, startWorker } from "../../src/worker/startWorker.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

/** So long that only a notification, a timer of ours or the sweep can be the reason that something runs. */
const NEVER_POLLS = 3_600_000;

/** A worker whose events and log lines are kept. */
export interface TestWorker extends RunningWorker {
  readonly workerId: number;
  /** Every event of a name so far. */
  readonly seen: <Name extends RatchetEventName>(name: Name) => readonly RatchetEvents[Name][];
  /** Waits for the event of a name that matches; one that is over counts too. */
  readonly event: <Name extends RatchetEventName>(
    name: Name,
    matches?: (event: RatchetEvents[Name]) => boolean,
  ) => Promise<RatchetEvents[Name]>;
  /** What it has logged, as text. */
  readonly log: () => string;
}

/** A database for the file, and workers that are stopped after each test. */
export function createWorkerBench() {
  let database: TestDatabase | undefined;
  const workers: RunningWorker[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  });

  afterAll(async () => {
    await database?.drop();
  });

  function theDatabase(): TestDatabase {
    if (database === undefined) {
      throw new Error("The database is made before the first test.");
    }
    return database;
  }

  async function start(options: Partial<WorkerOptions>, logLevel = "info"): Promise<TestWorker> {
    const seen = new Map<RatchetEventName, unknown[]>();
    const events = createEventHub((error) => {
      throw error;
    });
    const told = <Name extends RatchetEventName>(name: Name): RatchetEvents[Name][] =>
      (seen.get(name) ?? []) as RatchetEvents[Name][];
    const recording: typeof events = {
      on: (name, listener) => events.on(name, listener),
      emit(name, event) {
        seen.set(name, [...(seen.get(name) ?? []), event]);
        events.emit(name, event);
      },
    };
    let log = "";
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        log += chunk.toString();
        done();
      },
    });
    const worker = await startWorker({
      connectionString: theDatabase().url,
      schemas: TEST_SCHEMAS,
      log: createLogger({ level: logLevel, destination }),
      events: recording,
      pollIntervalMs: NEVER_POLLS,
      ...options,
    });
    workers.push(worker);
    const [started] = told("worker.started");
    return {
      ...worker,
      workerId: started?.workerId ?? 0,
      seen: told,
      event: (name, matches = () => true) =>
        waitUntil(() => told(name).find((event) => matches(event)) ?? null, {
          what: `${name}; seen: ${JSON.stringify([...seen])}`,
        }),
      log: () => log,
    };
  }

  async function add(identifier: string, payload: object = {}, rest: Partial<AddJobSpec> = {}): Promise<string> {
    return addJob(theDatabase().pool, { identifier, payload, ...rest });
  }

  /** Adds jobs without a payload in one commit; their ids in order. */
  async function addMany(identifier: string, count: number): Promise<string[]> {
    const added = await rows<{ id: string }>(
      `select id from ratchet.add_jobs((
         select jsonb_agg(jsonb_build_object('identifier', $1::text)) from generate_series(1, $2::integer)))`,
      [identifier, count],
    );
    return added.map(({ id }) => id);
  }

  /** Waits until all of these jobs have ended for good. */
  async function allEnded(jobIds: readonly string[]): Promise<void> {
    await waitUntil(
      async () =>
        (await rows("select from ratchet.jobs where finished_at is null and id = any ($1)", [jobIds])).length === 0,
      { what: `the end of ${jobIds.length} jobs` },
    );
  }

  async function job(jobId: string): Promise<JobSnapshot> {
    const snapshot = await readJob(theDatabase().pool, jobId);
    if (snapshot === null) {
      throw new Error(`There is no job ${jobId}.`);
    }
    return snapshot;
  }

  async function rows<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows: found } = await theDatabase().pool.query(sql, [...values]);
    return found as Row[];
  }

  return {
    database: theDatabase,
    start,
    add,
    addMany,
    allEnded,
    job,
    rows,
    /** Waits until a job has ended for good. */
    ended: (jobId: string): Promise<JobSnapshot> =>
      waitUntil(
        async () => {
          const snapshot = await job(jobId);
          return snapshot.finishedAt === null ? null : snapshot;
        },
        { what: `the end of job ${jobId}` },
      ),
    /** graphile-worker's rows, oldest first. */
    wakeUps: () =>
      rows<{ id: string; key: string | null; attempts: number; max_attempts: number; locked_by: string | null }>(
        "select id, key, attempts, max_attempts, locked_by from graphile_worker.jobs order by id",
      ),
    /** Whether no row of `ratchet.violations` exists. */
    violations: () => rows("select * from ratchet.violations"),
  };
}
