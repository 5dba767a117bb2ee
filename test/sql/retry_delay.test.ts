import { expect, test } from "vitest";

import { useSql } from "./fixtures.ts";

const sql = useSql({ definitions: false });

const seconds = (attempt: number, delay: string, backoff = 1, max: string | null = null, jitter = 0): Promise<number> =>
  sql.value("select extract(epoch from ratchet_private.retry_delay($1, $2, $3, $4, $5))::float8", [
    attempt,
    delay,
    backoff,
    max,
    jitter,
  ]);

const TEN_YEARS = 10 * 365.25 * 86_400;

test.each([
  ["constant without backoff", 1, "30 s", 1, null, 30],
  ["constant in the 5,000th try", 5000, "30 s", 1, null, 30],
  ["the delay itself after the first try", 1, "2 s", 3, null, 2],
  ["doubled after each further try", 4, "1 s", 2, null, 8],
  ["a fraction of a second", 3, "10 ms", 1.5, null, 0.0225],
  ["never above the limit", 10, "1 s", 2, "5 min", 300],
  ["exactly the limit where it meets it", 4, "1 s", 2, "8 s", 8],
  ["the limit where the delay is above it", 1, "1 h", 2, "1 min", 60],
  ["the limit in the 100,000th try", 100_000, "1 s", 10, "1 h", 3600],
  ["ten years where there is no limit", 100_000, "1 s", 10, null, TEN_YEARS],
  ["ten years at most, whatever delay", 1, "1000 years", 1, null, TEN_YEARS],
  ["nothing for a delay of nothing", 1, "0", 2, null, 0],
  ["nothing in the 100,000th try of a delay of nothing", 100_000, "0", 10, "1 h", 0],
  ["nothing where the limit is nothing", 3, "1 s", 2, "0", 0],
  ["not changed by a factor that is huge, in the first try", 1, "1 s", 1e300, null, 1],
  ["the limit for a factor that is huge, in the third", 3, "1 s", 1e300, "1 h", 3600],
  ["the delay for a try numbered 0", 0, "5 s", 2, null, 5],
])("is %s", async (...[, attempt, delay, backoff, max, expected]) => {
  expect(await seconds(attempt, delay, backoff, max)).toBeCloseTo(expected, 4);
});

test("jitter spreads it over its share, above and below", async () => {
  const waits = (
    await sql.rows<{ wait: number }>(
      "select extract(epoch from ratchet_private.retry_delay(1, '100 s', 1, null, 0.2))::float8 as wait from generate_series(1, 2000)",
    )
  ).map(({ wait }) => wait);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(80);
  expect(Math.min(...waits)).toBeLessThan(85);
  expect(Math.max(...waits)).toBeLessThanOrEqual(120);
  expect(Math.max(...waits)).toBeGreaterThan(115);
});

test("full jitter never makes it negative", async () => {
  expect(
    await sql.value(
      "select min(ratchet_private.retry_delay(3, '1 s', 2, '3 s', 1)) >= interval '0' from generate_series(1, 1000)",
    ),
  ).toBe(true);
});
