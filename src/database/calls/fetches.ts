import type pg from "pg";

/**
 * graphile-worker's fetch for its local queue, made to leave alone what has one of these flags, as its fetch for one place
 * does when it is told flags.
 * @param fetch as graphile-worker 0.18 sends it.
 * @param flags not empty.
 */
export function leaveFlagged(fetch: pg.QueryConfig, flags: readonly string[]): pg.QueryConfig {
  const { name = "", text, values = [] } = fetch;
  const condition = `and ((flags ?| $${values.length + 1}::text[]) is not true)`;
  return {
    name: name.replace("/", "F/"),
    text: text.replace(/(?=order by priority asc, run_at asc\s+limit)/v, `${condition} `),
    values: [...(values as readonly unknown[]), flags],
  };
}

/**
 * graphile-worker's fetch, made to return what it and our wake-ups need. It asks for every column, some of them twice, and
 * pg makes a Date of each time: more work in this process than all else that is done for a wake-up.
 * @param fetch as graphile-worker 0.18 sends it.
 */
export function returnLess(fetch: pg.QueryConfig): pg.QueryConfig {
  const { name = "", text } = fetch;
  return {
    ...fetch,
    name: name.replace("/", "L/"),
    text: text.replace(
      /(?<=\breturning )\*$/v,
      "jobs.id, jobs.job_queue_id, jobs.task_id, jobs.payload, jobs.priority, jobs.run_at, jobs.attempts, jobs.max_attempts",
    ),
  };
}
