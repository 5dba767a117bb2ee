import { expect, test } from "vitest";

import { readJob, readTasks, readWakeUps, statuses, useSql, withTwoSessions, untilBlocked, pidOf } from "./fixtures.ts";

const sql = useSql();
const RUN_AT = new Date("2026-01-01T00:00:00Z");
const ADOPT = "select ratchet_private.adopt_job($1, $2, $3, $4, $5, $6) as id";

const adopt = (graphileId: number, payload: string | null, identifier = "publish"): Promise<string> =>
  sql.value<string>(ADOPT, [identifier, payload, graphileId, "slow", -3, RUN_AT]);

test("a wake-up without an envelope becomes a job once, with its priority, queue and time", async () => {
  const id = await adopt(1, '{"images": ["a"]}');
  expect(await readJob(sql, id)).toMatchObject({
    identifier: "publish",
    version: "p1",
    status: "PENDING",
    priority: -3,
    queue_name: "slow",
    run_at: RUN_AT,
    adopted_from: "1",
    payload: { images: ["a"] },
  });
  expect(await statuses(sql, id)).toStrictEqual(["PENDING", "PENDING", "PENDING"]);
  expect(await adopt(1, '{"images": ["changed"]}')).toBe(id);
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
});

test.each([
  [10, "a payload that is an array", "[1]", 'The payload of "publish" must be a JSON object and is array.', [1]],
  [11, "a payload that is null", "null", 'The payload of "publish" must be a JSON object and is null.', null],
  [12, "no payload", null, 'The payload of "publish" must be a JSON object and is null.', null],
  [
    13,
    "a payload of the wrong shape",
    '{"images": 1}',
    'The tasks "upload" of "publish" come from the array at $."images"[*] of the payload, and there is none.',
    { images: 1 },
  ],
  [
    14,
    "a payload that Postgres cannot hold",
    String.raw`{"text": "\u0000"}`,
    "unsupported Unicode escape sequence",
    {},
  ],
  [15, "a payload that is no JSON", "{", "invalid input syntax for type json", {}],
])("%i: %s becomes a FAILED job that says why, once", async (graphileId, _, payload, reason, kept) => {
  const id = await adopt(graphileId, payload);
  const job = await readJob(sql, id);
  expect(job).toMatchObject({
    status: "FAILED",
    next_attempt_at: null,
    priority: -3,
    queue_name: "slow",
    payload: kept,
  });
  expect(job.finished_at).not.toBeNull();
  expect(await readTasks(sql, id)).toMatchObject([
    {
      key: "plan",
      name: "Plan the tasks",
      status: "FAILED",
      error_message: `graphile-worker job ${graphileId} cannot be planned: ${reason}`,
    },
  ]);
  expect(await adopt(graphileId, payload)).toBe(id);
  expect(await sql.rows("select * from ratchet.violations where job_id = $1", [id])).toStrictEqual([]);
});

test("a definition that nobody registered becomes a FAILED job too", async () => {
  const id = await adopt(20, "{}", "nobody");
  expect(await readTasks(sql, id)).toMatchObject([
    { error_message: 'graphile-worker job 20 cannot be planned: No definition "nobody" is registered.' },
  ]);
});

test("two pick-ups at once find one job", async () => {
  await withTwoSessions(sql, async (one, two) => {
    const pid = await pidOf(two);
    const values = ["publish", '{"images": []}', 30, null, 0, RUN_AT];
    await one.query("begin");
    const { rows: first } = await one.query<{ id: string }>(ADOPT, values);
    const second = two.query<{ id: string }>(ADOPT, values);
    await untilBlocked(sql, pid);
    await one.query("commit");
    expect((await second).rows).toStrictEqual(first);
  });
  expect(await sql.value("select count(*)::int from ratchet.jobs where adopted_from = 30")).toBe(1);
});
