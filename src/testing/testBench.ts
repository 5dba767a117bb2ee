import type pg from "pg";
import { addJob } from "../database/calls/jobs.ts";
import { cancelJob } from "../database/calls/orders.ts";
import { advanceClock, readTaskOutcomes } from "../database/calls/testKit.ts";
import { type Duration, durationToMs } from "../definition/duration.ts";
import type { AnyJobDefinition, PayloadInput } from "../definition/jobDefinition.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { createHandlerLog } from "./handlerLog.ts";
import {
  type BenchDatabase,
  type DefinitionsByIdentifier,
  type TestBenchOptions,
  openBenchDatabase,
} from "./benchDatabase.ts";
import { inTransaction, withClient } from "./clients.ts";
import { createJobRunner } from "./jobRunner.ts";
import { createRecorder } from "./recorder.ts";
import { type TestEngine, openTestEngine } from "./testEngine.ts";
import { type TestedJob, readTestedJob } from "./testedJob.ts";
import { type Trouble, planTrouble } from "./trouble.ts";
import { watchDefinition } from "./watchedDefinition.ts";

/** What {@link TestBench.add} takes beside the payload. */
export interface AddToBenchOptions<Definition extends AnyJobDefinition> extends Trouble<Definition> {
  /** Counted tries per task. Default: the definition's. */
  readonly maxAttempts?: number | undefined;
  /** Default: `default`. */
  readonly tenant?: string | undefined;
  /** At most one unfinished job per tenant has it. */
  readonly jobKey?: string | undefined;
  /** When the job is first due. Default: now. */
  readonly runAt?: Date | undefined;
}

/** A job on a bench. */
export interface BenchJob<Definition extends AnyJobDefinition = AnyJobDefinition> {
  readonly id: string;
  readonly identifier: string;
  /** Only for the compiler; there is no such property at run time. */
  readonly definition?: Definition;
}

/** A database, a worker's engine and a clock of one test, steered by hand. */
export interface TestBench<Definitions extends DefinitionsByIdentifier> extends AsyncDisposable {
  /** Of the throw-away database. */
  readonly connectionString: string;
  /** Connections to the throw-away database, for looking and for orders such as `select ratchet.cancel_job(…)`. */
  readonly pool: pg.Pool;
  /**
   * Adds a job; it runs with {@link run} or {@link finish}.
   * @throws {RatchetError} RT001 to RT007 as `ratchet.add_job` does, RT110 for trouble with a task that the plan has not.
   */
  add<Identifier extends keyof Definitions & string>(
    identifier: Identifier,
    payload: PayloadInput<Definitions[Identifier]>,
    options?: AddToBenchOptions<Definitions[Identifier]>,
  ): Promise<BenchJob<Definitions[Identifier]>>;
  /** Runs everything that is due, one job after the other, also what is added meanwhile; retries wait for {@link advance}. */
  run(): Promise<void>;
  /** Sets the clock forward. */
  advance(by: Duration): Promise<void>;
  /**
   * Runs what is due and sets the clock forward to whatever is due next, until this job has ended for good.
   * @throws {RatchetError} RT129 if it never will.
   */
  finish<Definition extends AnyJobDefinition>(job: BenchJob<Definition>): Promise<TestedJob<Definition>>;
  /** A job as it is now. */
  look<Definition extends AnyJobDefinition>(job: BenchJob<Definition>): Promise<TestedJob<Definition>>;
  /** Stops what runs, closes all connections and drops the database. Safe twice. */
  close(): Promise<void>;
}

/**
 * Makes a bench: a throw-away database with these definitions registered, and the engine that a worker runs, without
 * graphile-worker's timing. End it with `close()` or `await using`.
 * @throws {RatchetError} RT109 if there is no Postgres to be had, RT112 for a definition without tasks.
 */
export async function createTestBench<const Definitions extends DefinitionsByIdentifier>({
  definitions,
  setUp,
  databaseUrl,
}: TestBenchOptions<Definitions>): Promise<TestBench<Definitions>> {
  return benchOn(await openBenchDatabase({ definitions, setUp, databaseUrl }), definitions);
}

function benchOn<Definitions extends DefinitionsByIdentifier>(
  database: BenchDatabase,
  definitions: Definitions,
): TestBench<Definitions> {
  const { connectionString, pool } = database;
  const recorder = createRecorder();
  const log = createHandlerLog((jobId, line) => {
    recorder.of(jobId).logs.push(line);
  });
  const watched = new Map(
    Object.entries(definitions).map(([identifier, definition]) => [
      identifier,
      watchDefinition(definition, {
        recorder,
        crash: () => engine?.crash(),
        cancel: async (jobId) => {
          await cancelJob(pool, jobId, "The test cancelled it here.");
          engine?.lose(jobId);
        },
      }),
    ]),
  );
  let engine: TestEngine | undefined;
  let opening: Promise<TestEngine> | undefined;
  const closing = new AbortController();
  const runner = createJobRunner({ db: pool, runJob, closing: closing.signal });
  let closed: Promise<void> | undefined;

  async function openEngine(): Promise<TestEngine> {
    opening ??= openTestEngine({ connectionString, definitions: watched, recorder, log });
    engine = await opening;
    return engine;
  }

  async function runJob(jobId: string, identifier: string): Promise<boolean> {
    const running = await openEngine();
    const couldRun = await running.run(jobId, identifier);
    if (running.hasCrashed()) {
      opening = undefined;
      await running.close();
    }
    return couldRun;
  }

  async function look(jobId: string, identifier: string): Promise<TestedJob> {
    return readTestedJob(pool, jobId, definitions[identifier], recorder.of(jobId));
  }

  async function close(): Promise<void> {
    closing.abort();
    await opening?.then(
      (opened) => opened.close(),
      () => {},
    );
    await database.drop();
  }

  const bench: TestBench<DefinitionsByIdentifier> = {
    connectionString,
    pool,
    async add(identifier, payload, { maxAttempts, tenant, jobKey, runAt, ...trouble } = {}) {
      // While the job is being added; whoever runs it is told what went wrong.
      openEngine().catch(() => {});
      try {
        return await withClient(pool, (client) =>
          inTransaction(client, async () => {
            const id = await addJob(client, { identifier, payload, maxAttempts, tenant, jobKey, runAt });
            recorder.of(id).trouble = planTrouble(trouble, await readTaskOutcomes(client, id));
            return { id, identifier };
          }),
        );
      } catch (error) {
        throw toRatchetError(error);
      }
    },
    run: () => runner.run(),
    async advance(by) {
      await advanceClock(pool, durationToMs(by));
    },
    async finish({ id, identifier }) {
      await runner.finish(id);
      return look(id, identifier);
    },
    look: ({ id, identifier }) => look(id, identifier),
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  };
  return bench as TestBench<Definitions>;
}
