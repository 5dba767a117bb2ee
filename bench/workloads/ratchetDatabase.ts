import { createPool } from "../../src/database/pool.ts";
import { migrate } from "../../src/database/migrator.ts";
import { settle } from "../measure.ts";
import { addInSlices } from "../peers/support/addBySql.ts";
import type { BenchDatabase, BenchServer } from "../server.ts";
import { type RunningProgram, startProgram } from "../step.ts";
import { FIVE, PARTS, type WorkerAnswer, type WorkerRun } from "../workerRun.ts";

/** Jobs in flight where Ratchet is asked for all it has, as `ratchet-tuned` in `bench/peers/ratchet.ts`. */
export const CONCURRENCY = 400;

/** A database of Ratchet's, with the two definitions of {@link WorkerRun}. */
export interface RatchetDatabase {
  readonly database: BenchDatabase;
  /** Adds five-task jobs. */
  add(jobs: number): Promise<void>;
  /** Adds jobs of as many tasks as asked for. */
  addParts(jobs: number, tasks: number): Promise<void>;
  /** Starts a worker process. */
  start(run: Omit<WorkerRun, "databaseUrl">): RunningProgram<WorkerAnswer>;
  /** Runs a worker process to its end, after all pages were written. */
  run(run: Omit<WorkerRun, "databaseUrl">): Promise<WorkerAnswer>;
  /** Throws unless so many tasks are COMPLETED, each in one attempt, and no finished job is anything else. */
  check(completedTasks: number): Promise<void>;
}

/** Makes one, and drops it when `use` has ended. */
export async function withRatchetDatabase<Result>(
  server: BenchServer,
  use: (ratchet: RatchetDatabase) => Promise<Result>,
): Promise<Result> {
  const ratchet = await openRatchetDatabase(server);
  try {
    return await use(ratchet);
  } finally {
    await ratchet.database.drop();
  }
}

/** Makes one; whoever opens it drops it. */
export async function openRatchetDatabase(server: BenchServer): Promise<RatchetDatabase> {
  const database = await server.freshDatabase();
  const pool = createPool({ connectionString: database.url, max: 1 });
  await migrate(pool);
  await pool.end();

  function addAll(jobs: number, spec: string): Promise<void> {
    return addInSlices(
      { databaseUrl: database.url, jobs },
      `select count(*) from ratchet.add_jobs(
         (select jsonb_agg(${spec}) from generate_series($1::integer, $2::integer) n))`,
    );
  }
  function start(run: Omit<WorkerRun, "databaseUrl">): RunningProgram<WorkerAnswer> {
    return startProgram<WorkerAnswer>("ratchetWorker.ts", [JSON.stringify({ ...run, databaseUrl: database.url })]);
  }
  // Registers the definitions.
  await start({ sleepMs: 0, stopAfterJobs: 0 }).answer;
  return {
    database,
    add: (jobs) => addAll(jobs, `jsonb_build_object('identifier', '${FIVE}', 'payload', jsonb_build_object('n', n))`),
    addParts: (jobs, tasks) =>
      addAll(
        jobs,
        `jsonb_build_object('identifier', '${PARTS}', 'payload', jsonb_build_object('items',
           (select jsonb_agg(i) from generate_series(1, ${tasks}) i)))`,
      ),
    start,
    async run(run) {
      await settle(database);
      return start(run).answer;
    },
    async check(completedTasks) {
      const { rows } = await database.client.query<{ completed: number; others: number; jobs: number }>(
        `select count(*) filter (where status = 'COMPLETED' and attempts = 1)::integer as completed,
                count(*) filter (where attempts > 1 or status not in ('COMPLETED', 'PENDING'))::integer as others,
                (select count(*)::integer from ratchet.jobs where finished_at is not null and status <> 'COMPLETED') as jobs
         from ratchet.tasks`,
      );
      const [found] = rows;
      if (found?.completed !== completedTasks || found.others + found.jobs > 0) {
        throw new Error(`Ratchet ends with ${JSON.stringify(found)} instead of ${completedTasks} tasks done once.`);
      }
    },
  };
}
