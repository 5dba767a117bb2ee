import { type Queryable, onlyRow } from "./queryable.ts";

interface CheckpointOf<Kind extends string> {
  readonly kind: Kind;
  readonly jobId: string;
  readonly position: number;
  /** The claim under which this happened. */
  readonly fence: number;
  /** Since the try began. */
  readonly elapsedMs: number;
}

/** A task is running; its progress, if the handler told one. */
export interface RunningMark extends CheckpointOf<"running"> {
  readonly progress: number | null;
}

/** A task is done; `result` is JSON text, `null` for nothing. */
export interface CompletedEnd extends CheckpointOf<"completed"> {
  readonly result: string | null;
}

/** A try failed. */
export interface FailedEnd extends CheckpointOf<"failed"> {
  readonly failure: Failure;
}

/** What is known about a failed try; texts are clean and cut. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
  /** Whether the try counts against `maxAttempts`. */
  readonly counted: boolean;
  /** `false`: the job has failed for good. */
  readonly canRetry: boolean;
  /** `null`: as the retry policy says. */
  readonly delayMs: number | null;
}

/** What can be written about a task. */
export type Checkpoint = RunningMark | CompletedEnd | FailedEnd;

/** What Postgres says to one of them. */
export interface CheckpointAnswer {
  /** `already there`: a COMMIT whose answer was lost had written it. `refused`: a newer fence stands on the task. */
  readonly outcome: "written" | "already there" | "refused";
  /** The plan was changed meanwhile: let go of the job and look again. */
  readonly stop: boolean;
  /** For a failure: the wait before the next try; `null` if there is none. */
  readonly retryInMs: number | null;
}

const KIND_LETTERS = { running: "R", completed: "C", failed: "F" } as const;

interface AnswerRow {
  /** `null`: as many items as `items` says were written, and there is nothing more to say of them. */
  item: number | null;
  items: number;
  outcome: CheckpointAnswer["outcome"];
  stop: boolean;
  retry_in_ms: number | null;
}

const WRITTEN: CheckpointAnswer = { outcome: "written", stop: false, retryInMs: null };

/** Writes checkpoints of different tasks in one statement, so in one commit unless `db` is in a transaction; answers in order. */
export async function writeCheckpoints(
  db: Queryable,
  workerId: number,
  checkpoints: readonly Checkpoint[],
): Promise<CheckpointAnswer[]> {
  const failures = checkpoints.flatMap((checkpoint, index) =>
    checkpoint.kind === "failed" ? [failureRow(checkpoint, index + 1)] : [],
  );
  const { rows } = await db.query<AnswerRow>({
    name: "ratchet_checkpoint",
    text: `select item, items, outcome, stop, retry_in_ms from ratchet_private.checkpoint(
      $1::integer, $2::bigint[], $3::integer[], $4::integer[], $5::text[], $6::double precision[], $7::real[], $8::text[], $9::jsonb)`,
    values: [
      workerId,
      arrayText(checkpoints, ({ jobId }) => jobId),
      arrayText(checkpoints, ({ position }) => position),
      arrayText(checkpoints, ({ fence }) => fence),
      arrayText(checkpoints, ({ kind }) => KIND_LETTERS[kind]),
      arrayText(checkpoints, ({ elapsedMs }) => elapsedMs),
      arrayText(checkpoints, (each) => (each.kind === "running" ? each.progress : null)),
      arrayText(checkpoints, (each) => (each.kind === "completed" ? quoted(each.result) : null)),
      failures.length > 0 ? JSON.stringify(failures) : null,
    ],
  });
  return answersOf(rows, checkpoints.length);
}

function answersOf(rows: readonly AnswerRow[], count: number): CheckpointAnswer[] {
  const answers = Array.from({ length: count }, () => WRITTEN);
  let answered = 0;
  for (const { item, items, outcome, stop, retry_in_ms: retryInMs } of rows) {
    answered += items;
    if (item !== null) {
      answers[item - 1] = { outcome, stop, retryInMs };
    }
  }
  if (answered !== count) {
    throw new Error(`Postgres gave ${answered} answers to ${count} checkpoints`);
  }
  return answers;
}

/** pg looks at each element of an array for characters to escape, which takes longer than all else it does for a checkpoint. */
function arrayText(
  checkpoints: readonly Checkpoint[],
  element: (checkpoint: Checkpoint) => string | number | null,
): string {
  return `{${checkpoints.map((checkpoint) => element(checkpoint) ?? "NULL").join(",")}}`;
}

/**
 * A result is JSON without control characters: what JSON escapes in such a text, quotes and backslashes, is just what an
 * array needs escaped. A seventh of what replacing them takes with a result of some kilobytes.
 */
function quoted(result: string | null): string | null {
  return result === null ? null : JSON.stringify(result);
}

/**
 * Writes a task's end in the transaction that `beginMarked` began.
 * @returns `null` if that transaction has ended; nothing was written then.
 */
export async function writeEndInTransaction(
  db: Queryable,
  workerId: number,
  { jobId, position, fence, elapsedMs, result }: CompletedEnd,
): Promise<Pick<CheckpointAnswer, "outcome" | "stop"> | null> {
  const { rows } = await db.query<AnswerRow>({
    name: "ratchet_transaction_end",
    // An array that is null has no item.
    text: `select * from ratchet_private.checkpoint(
      $1::integer, array[$2::bigint], array[$3::integer], array[$4::integer],
      case pg_catalog.current_setting('ratchet.transaction', true) when 'open' then array['C'] end,
      array[$5::double precision], array[null::real], array[$6::text])`,
    values: [workerId, jobId, position, fence, elapsedMs, result],
  });
  return rows[0] ?? null;
}

function failureRow({ jobId, position, fence, elapsedMs, failure }: FailedEnd, item: number): object {
  return {
    item,
    job_id: jobId,
    position,
    fence,
    elapsed_ms: elapsedMs,
    counted: failure.counted,
    can_retry: failure.canRetry,
    delay_ms: failure.delayMs,
    error_name: failure.name,
    error_message: failure.message,
    error_code: failure.code,
    error_stack: failure.stack,
  };
}

/** Those of the checkpoints' jobs whose rows, the task's and the job's, nobody else holds at this moment. */
export async function findFreeJobs(db: Queryable, checkpoints: readonly Checkpoint[]): Promise<Set<string>> {
  const { rows } = await db.query<{ job_id: string }>(
    `select t.job_id from ratchet.tasks t
     join unnest($1::bigint[], $2::integer[]) i (job_id, position) on i.job_id = t.job_id and i.position = t.position
     join ratchet.jobs j on j.id = t.job_id
     order by t.job_id for update of t, j skip locked`,
    [checkpoints.map((each) => each.jobId), checkpoints.map((each) => each.position)],
  );
  return new Set(rows.map((row) => row.job_id));
}

/** Whether a transaction task whose COMMIT got no answer is COMPLETED under this claim; waits for that COMMIT. */
export async function isTaskCompleted(
  db: Queryable,
  task: Pick<CheckpointOf<string>, "jobId" | "position" | "fence">,
): Promise<boolean> {
  const { rows } = await db.query<{ completed: boolean | null }>(
    "select ratchet_private.task_end($1, $2, $3) as completed",
    [task.jobId, task.position, task.fence],
  );
  return onlyRow(rows).completed === true;
}

/** JSON texts of the results of one template's tasks that stand before a position, in order; `null` where nothing was returned. */
export async function readResults(
  db: Queryable,
  jobId: string,
  template: string,
  beforePosition: number,
): Promise<(string | null)[]> {
  const { rows } = await db.query<{ result: string | null }>(
    "select result from ratchet_private.read_results($1, $2, $3) order by plan_position",
    [jobId, template, beforePosition],
  );
  return rows.map((row) => row.result);
}
