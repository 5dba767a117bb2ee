import { expect, test } from "vitest";

import { addJob, addWorker, errorOf, register, runJob, single, useSql, withoutTriggers } from "./fixtures.ts";
import { cancel } from "./orders.ts";

const sql = useSql();

interface Bucket {
  readonly started_at: Date;
  readonly completed: number;
  readonly failed_for_good: number;
  readonly cancelled: number;
}

function history(minutes: number, buckets: number, tenant: string | null = null): Promise<Bucket[]> {
  return sql.rows<Bucket & Record<string, unknown>>("select * from ratchet.queue_history($1, $2, $3)", [
    minutes,
    buckets,
    tenant,
  ]);
}

/** A job that ended so many minutes after (or before) the last whole ten minutes but two. */
async function addEnd(kind: "COMPLETED" | "FAILED" | "CANCELLED", minutes: number, tenant: string): Promise<void> {
  const { id } = await addJob(sql.pool(), { identifier: "single", tenant });
  await cancel(sql.pool(), id);
  // Whatever ended it, it is counted by its row alone.
  await withoutTriggers(sql, (session) =>
    session.query(
      `update ratchet.jobs set status = $2::text::ratchet.job_status,
         finished_at = date_bin('10 min', now(), '2000-01-01Z') - interval '20 min' + make_interval(mins => $3::integer)
       where id = $1`,
      [id, kind, minutes],
    ),
  );
}

test("there is a row for each bucket, oldest first, also where nothing ended", async () => {
  await register(sql, [single()]);
  const rows = await history(60, 12, "nobody");
  expect(rows).toHaveLength(12);
  const starts = rows.map((row) => row.started_at.getTime());
  expect(new Set(starts.map((at, index) => at - (starts[index - 1] ?? at - 300_000)))).toStrictEqual(
    new Set([300_000]),
  );
  expect(starts.every((at) => at % 300_000 === 0)).toBe(true);
  const now = new Date(await sql.value<string>("select now()::text")).getTime();
  expect(now - (starts.at(-1) ?? 0)).toBeLessThan(301_000);
  expect(
    rows.map(({ completed, failed_for_good, cancelled }) => completed + failed_for_good + cancelled),
  ).toStrictEqual(Array.from({ length: 12 }, () => 0));
});

test("ends are counted where and when they belong, of one tenant or of all", async () => {
  await register(sql, [single()]);
  await addEnd("COMPLETED", 1, "history");
  await addEnd("FAILED", 2, "history");
  await addEnd("CANCELLED", -1, "history");
  await addEnd("COMPLETED", -9, "history");
  await addEnd("COMPLETED", -51, "history");
  await addEnd("COMPLETED", 1, "history of another");
  const rows = await history(60, 6, "history");
  const ended = rows.filter((row) => row.completed + row.failed_for_good + row.cancelled > 0);
  expect(ended).toMatchObject([
    { completed: 1, failed_for_good: 0, cancelled: 1 },
    { completed: 1, failed_for_good: 1, cancelled: 0 },
  ]);
  const all = await history(60, 60);
  expect(all.reduce((sum, { completed }) => sum + completed, 0)).toBe(3);
});

test("a job that is not over is not counted", async () => {
  await register(sql, [single()]);
  const { id } = await addJob(sql.pool(), { identifier: "single", tenant: "going on" });
  expect((await history(5, 1, "going on"))[0]).toMatchObject({ completed: 0 });
  await runJob(sql, await addWorker(sql), id);
  expect((await history(5, 1, "going on"))[0]).toMatchObject({ completed: 1 });
});

test.each([
  [0, 60, "minutes must be from 1 to 1440 and is 0."],
  [1441, 60, "minutes must be from 1 to 1440 and is 1441."],
  [null, 60, "minutes must be from 1 to 1440 and is null."],
  [60, 0, "buckets must be from 1 to 300 and is 0."],
  [60, 301, "buckets must be from 1 to 300 and is 301."],
  [60, null, "buckets must be from 1 to 300 and is null."],
])("%s minutes in %s buckets are refused", async (minutes, buckets, message) => {
  expect(await errorOf(sql.rows("select * from ratchet.queue_history($1, $2)", [minutes, buckets]))).toMatchObject({
    code: "RT006",
    message,
  });
});
