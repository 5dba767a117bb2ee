import { type JobStatus, explainJob, readJob } from "../database/calls/jobs.ts";
import type { TaskStatus } from "../database/calls/claims.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { type TaskFailure, type TaskOutcome, readFailures, readTaskOutcomes } from "../database/calls/testKit.ts";
import type { AnyJobDefinition, PayloadOf, ResultsOf } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { HandlerLogLine } from "./handlerLog.ts";
import type { JobRecord, TaskCall } from "./recorder.ts";

/** A task of a tested job. */
export interface TestedTask {
  /** Stable, such as `validate` or `upload[2]`. */
  readonly key: string;
  /** For people, such as `Upload image 2/3`. */
  readonly name: string;
  readonly status: TaskStatus;
  /** Counted tries. */
  readonly attempts: number;
  /** As JSON gave it back; `null` for nothing and before the task is COMPLETED. */
  readonly result: unknown;
  /** Of the last try, while the task is FAILED. */
  readonly errorMessage: string | null;
}

/** A job as a test sees it. */
export interface TestedJob<Definition extends AnyJobDefinition = AnyJobDefinition> {
  readonly id: string;
  readonly status: JobStatus;
  /** The plan, in order. */
  readonly tasks: readonly TestedTask[];
  /** Every try that reached a handler, in order. */
  readonly calls: readonly TaskCall[];
  /** What a later task would get, by key; only of keys whose tasks have all ended. */
  readonly results: Results<ResultsOf<Definition>>;
  /** Every failed try, in order, those included that failed before a handler was called. */
  readonly failures: readonly TaskFailure[];
  /** As the handlers saw it; `undefined` if none was called. */
  readonly payload: PayloadOf<Definition> | undefined;
  /** What the handlers logged, in order. */
  readonly logs: readonly HandlerLogLine[];
  /** When the job is tried again, by the database's clock, which a test sets forward; `null` if it is not waiting for that. */
  readonly nextAttemptAt: Date | null;
  /** One sentence: why the job is where it is. */
  readonly explanation: string;
}

type Results<Map> = unknown extends Map
  ? Readonly<Record<string, unknown>>
  : { readonly [Key in keyof Map]?: Map[Key] };

/**
 * Reads a job as it is now.
 * @throws {RatchetError} RT013 if there is no such job.
 */
export async function readTestedJob(
  db: Queryable,
  jobId: string,
  definition: AnyJobDefinition | undefined,
  { calls, logs, payload }: JobRecord,
): Promise<TestedJob> {
  const job = await readJob(db, jobId);
  if (job === null) {
    throw new RatchetError("RT013", `There is no job ${jobId} in this bench's database.`);
  }
  const outcomes = await readTaskOutcomes(db, jobId);
  return {
    id: job.id,
    status: job.status,
    tasks: job.tasks.map(({ key, name, status, attempts, errorMessage }, index) => ({
      key,
      name,
      status,
      attempts,
      result: outcomes[index]?.result ?? null,
      errorMessage,
    })),
    calls: [...calls],
    results: resultsOf(definition, outcomes),
    failures: await readFailures(db, jobId),
    payload,
    logs: [...logs],
    nextAttemptAt: job.nextAttemptAt,
    explanation: await explainJob(db, jobId),
  };
}

function resultsOf(
  definition: AnyJobDefinition | undefined,
  outcomes: readonly TaskOutcome[],
): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  for (const { key, each } of definition?.templates ?? []) {
    const ofTemplate = outcomes.filter(({ template }) => template === key);
    if (ofTemplate.every(({ status }) => status === "COMPLETED" || status === "SKIPPED")) {
      const values = ofTemplate.map(({ result }) => result);
      results[key] = each === null ? values[0] : values;
    }
  }
  return results;
}
