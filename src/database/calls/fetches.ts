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
