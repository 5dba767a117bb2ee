import type { AddedJobRow } from "../database/calls/addedJobs.ts";
import type { JobDetailsRow, TaskDetails } from "../database/calls/jobDetails.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import type { JobResults, JobSource, sourceOf } from "./jobReference.ts";

/** A job as it was when it was added; `waitFor` and `get` take it in place of its id and then know the types of its results. */
export interface AddedJob<Source extends JobSource = AnyJobDefinition> extends AddedJobRow {
  readonly [sourceOf]?: Source;
}

/** Everything about one job at one moment. */
export interface JobDetails<Source extends JobSource = AnyJobDefinition> extends JobDetailsRow {
  /**
   * What handlers returned, by template key: a value for a task, an array in the order of the tasks for a forEach. A key is
   * there once all tasks of that template are COMPLETED.
   */
  readonly results: JobResults<Source>;
}

/** A job's id, as `add` gave it or written out, or the job itself. */
export type JobId<Source extends JobSource> = string | AddedJob<Source>;

const LARGEST_ID = 9_223_372_036_854_775_807n;

/** The id, if there can be a job of this id; else `null`. */
export function idOf(job: JobId<JobSource>): { readonly given: string; readonly id: string | null } {
  const given = typeof job === "string" ? job : String((job as { readonly id: unknown }).id);
  const isPossible = /^[1-9]\d{0,18}$/v.test(given) && BigInt(given) <= LARGEST_ID;
  return { given, id: isPossible ? given : null };
}

/** With the results put together from the tasks. */
export function jobDetails<Source extends JobSource>(job: JobDetailsRow): JobDetails<Source> {
  const results = new Map<string, unknown>();
  for (const [template, tasks = []] of Object.entries(Object.groupBy(job.tasks, (task) => task.template))) {
    if (tasks.every(({ status }) => status === "COMPLETED")) {
      results.set(template, resultOf(tasks));
    }
  }
  return { ...job, results: Object.fromEntries(results) };
}

/** A forEach's tasks are called `upload[1]`; a task that stands alone is called like its template. */
function resultOf(tasks: readonly TaskDetails[]): unknown {
  const [first] = tasks;
  return first !== undefined && first.key === first.template ? first.result : tasks.map(({ result }) => result);
}
