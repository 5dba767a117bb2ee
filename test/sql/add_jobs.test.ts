import { describe, expect, test } from "vitest";

import { named, wakeUpKey } from "../support/schemas.ts";
import { countRows, errorOf, type Job, readTasks, readWakeUps, useSql, withTwoSessions } from "./fixtures.ts";

const sql = useSql();

function addJobs(specs: unknown): Promise<Job[]> {
  return sql.rows<Job>("select * from ratchet.add_jobs($1)", [JSON.stringify(specs)]);
}

describe("a list of jobs", () => {
  test("is added in one statement, and the rows come back in its order", async () => {
    const jobs = await addJobs([
      { identifier: "publish", payload: { images: ["a"] }, priority: 3 },
      { identifier: "single", job_key: "in the middle", payload: { n: 2 } },
      { identifier: "single", tenant: "acme", run_at: "2040-01-01T00:00:00Z", max_attempts: 2, retry_delay: "90 s" },
    ]);
    expect(jobs).toMatchObject([
      { identifier: "publish", priority: 3, payload: { images: ["a"] }, tenant: "default" },
      { identifier: "single", job_key: "in the middle", payload: { n: 2 } },
      {
        tenant: "acme",
        run_at: new Date("2040-01-01T00:00:00Z"),
        max_attempts: 2,
        retry_delay: { minutes: 1, seconds: 30 },
        payload: {},
      },
    ]);
    for (const job of jobs) {
      expect(await readWakeUps(sql, job.id)).toHaveLength(1);
    }
    expect((await readTasks(sql, jobs[0]?.id ?? "")).map(({ key }) => key)).toStrictEqual([
      "validate",
      "upload[1]",
      "create",
    ]);
  });

  test("may be empty", async () => {
    expect(await addJobs([])).toStrictEqual([]);
  });

  test("of 5,000 jobs of five tasks has every plan and every wake-up", async () => {
    const payload = { images: ["a", "b", "c"] };
    const jobs = await addJobs(
      Array.from({ length: 5000 }, () => ({ identifier: "publish", payload, tenant: "bulk" })),
    );
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(5000);
    expect(
      await sql.row(
        `select count(distinct j.id)::int as jobs, count(*)::int as tasks,
           (select count(*)::int from graphile_worker.jobs w where w.key in (select 'ratchet:' || id from ratchet.jobs where tenant = 'bulk')) as wake_ups
         from ratchet.jobs j join ratchet.tasks t on t.job_id = j.id where j.tenant = 'bulk'`,
      ),
    ).toStrictEqual({ jobs: 5000, tasks: 25_000, wake_ups: 5000 });
  });

  test("of 2,000 jobs with keys has each key once, and the same keys again replace them in place", async () => {
    const specs = Array.from({ length: 2000 }, (_, n) => ({ identifier: "single", job_key: `k${n}`, tenant: "keyed" }));
    const first = await addJobs(specs);
    const second = await addJobs(specs.toReversed());
    expect(second.map(({ id }) => id)).toStrictEqual(first.map(({ id }) => id).toReversed());
    expect(await sql.value("select count(*)::int from ratchet.jobs where tenant = 'keyed'")).toBe(2000);
  });

  test("that names one key twice ends with the later job", async () => {
    const jobs = await addJobs([
      { identifier: "single", job_key: "twice", payload: { n: 1 } },
      { identifier: "single", job_key: "twice", payload: { n: 2 } },
    ]);
    expect(jobs[0]?.id).toBe(jobs[1]?.id);
    expect(jobs[1]?.payload).toStrictEqual({ n: 2 });
  });
});

test("sessions that take the same keys in opposite orders do not deadlock", async () => {
  const keys = ["x", "y", "z"];
  for (let round = 0; round < 10; round++) {
    const specs = keys.map((job_key) => ({
      identifier: "single",
      job_key: `${job_key}${round % 5}`,
      tenant: "opposite",
    }));
    await withTwoSessions(sql, async (one, two) => {
      await Promise.all([
        one.query("select ratchet.add_jobs($1)", [JSON.stringify(specs)]),
        two.query("select ratchet.add_jobs($1)", [JSON.stringify(specs.toReversed())]),
      ]);
    });
  }
  expect(
    await sql.value("select count(*)::int from ratchet.jobs where tenant = 'opposite' and finished_at is null"),
  ).toBe(15);
});

describe("all or none: with one bad job of three nothing is written, and the message says which", () => {
  const good = { identifier: "publish", payload: { images: ["a"] } };

  test.each([
    ["a number", 5, "RT006", "Job 2 of 3: A job is described by a JSON object, not by number."],
    ["null", null, "RT006", "Job 2 of 3: A job is described by a JSON object, not by null."],
    ["an array", [good], "RT006", "Job 2 of 3: A job is described by a JSON object, not by array."],
    ["no identifier", {}, "RT006", "Job 2 of 3: The identifier is missing."],
    ["an unknown identifier", { identifier: "nobody" }, "RT001", 'Job 2 of 3: No definition "nobody" is registered.'],
    [
      "a payload that is no object",
      { identifier: "single", payload: 1 },
      "RT002",
      'Job 2 of 3: The payload of "single" must be a JSON object and is number.',
    ],
    [
      "no array",
      { identifier: "publish" },
      "RT003",
      'Job 2 of 3: The tasks "upload" of "publish" come from the array at $."images"[*] of the payload, and there is none.',
    ],
    [
      "no task",
      { ...good, task_names: [] },
      "RT004",
      'Job 2 of 3: The plan of "publish" has no task for this payload.',
    ],
    [
      "too many tasks",
      { identifier: "publish", payload: { images: Array.from({ length: 9999 }, () => 1) } },
      "RT005",
      'Job 2 of 3: The plan of "publish" would have more than 10000 tasks.',
    ],
    [
      "a reserved key",
      { identifier: "single", job_key: wakeUpKey(1) },
      "RT007",
      named('Job 2 of 3: The job key "ratchet:1" begins with "ratchet:", which is reserved.'),
    ],
    [
      "an unknown task",
      { ...good, task_names: ["x"] },
      "RT008",
      'Job 2 of 3: "publish" has no task "x" for this payload.',
    ],
    [
      "a task twice",
      { ...good, task_names: ["create", "create"] },
      "RT014",
      'Job 2 of 3: The task "create" is named twice.',
    ],
    [
      "an unknown field",
      { ...good, runAt: "2040-01-01", Priority: 1 },
      "RT006",
      'Job 2 of 3: Unknown field "runAt", "Priority".',
    ],
    [
      "task_names that are no array",
      { ...good, task_names: "create" },
      "RT006",
      "Job 2 of 3: task_names must be an array of texts.",
    ],
    [
      "task_names that are no texts",
      { ...good, task_names: [1] },
      "RT006",
      "Job 2 of 3: task_names must be an array of texts.",
    ],
    [
      "a text for a number",
      { ...good, priority: "high" },
      "RT006",
      'Job 2 of 3: A value cannot be read: invalid input syntax for type integer: "high".',
    ],
    [
      "a fraction",
      { ...good, max_attempts: 1.5 },
      "RT006",
      'Job 2 of 3: A value cannot be read: invalid input syntax for type integer: "1.5".',
    ],
    [
      "a number beyond integer",
      { ...good, max_attempts: 1e12 },
      "RT006",
      'Job 2 of 3: A value cannot be read: value "1000000000000" is out of range for type integer.',
    ],
    [
      "no time",
      { ...good, run_at: "soon" },
      "RT006",
      'Job 2 of 3: A value cannot be read: invalid input syntax for type timestamp with time zone: "soon".',
    ],
    [
      "no duration",
      { ...good, retry_delay: "a while" },
      "RT006",
      'Job 2 of 3: A value cannot be read: invalid input syntax for type interval: "a while".',
    ],
    ["an infinite time", { ...good, run_at: "infinity" }, "RT006", "Job 2 of 3: run_at must be a finite time."],
  ])("%s", async (_, bad, code, message) => {
    const before = await countRows(sql);
    const raised = await errorOf(addJobs([good, bad, { identifier: "single", job_key: "k" }]));
    expect(raised).toMatchObject({ code, message });
    expect(raised.hint).toMatch(/Nothing was written\.$/v);
    expect(await countRows(sql)).toStrictEqual(before);
  });

  test("the first problem is the one told", async () => {
    expect(await errorOf(addJobs([good, { identifier: "one" }, { identifier: "two" }]))).toMatchObject({
      message: 'Job 2 of 3: No definition "one" is registered.',
    });
    // Values are read before anything else is looked at.
    expect(await errorOf(addJobs([good, { identifier: "one" }, { ...good, priority: "high" }]))).toMatchObject({
      code: "RT001",
      message: 'Job 2 of 3: No definition "one" is registered.',
    });
  });
});

test.each([
  ["an object", { identifier: "single" }, "object"],
  ["JSON null", null, "null"],
  ["a text", "x", "string"],
])("%s instead of a list is refused (RT006)", async (_, specs, type) => {
  expect(await errorOf(addJobs(specs))).toMatchObject({
    code: "RT006",
    message: `add_jobs takes a JSON array of objects, not ${type}.`,
    hint: named("For one job call ratchet.add_job. Nothing was written."),
  });
});

test("SQL null instead of a list is refused (RT006)", async () => {
  expect(await errorOf(sql.rows("select ratchet.add_jobs(null)"))).toMatchObject({ code: "RT006" });
});
