import { beforeAll, describe, expect, test } from "vitest";

import { addPublish, addSingle, addWorker, claim, readJob, readTasks, register, single } from "../sql/fixtures.ts";
import { addFailed, auditOf } from "../sql/orders.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { type GraphqlAnswer, useServer } from "./server.ts";

const bench = useServer();
const LATER = "2099-01-01T10:00:00+00:00";

/** Calls a mutation; its answer is `data.done`. */
function order(
  field: string,
  type: string,
  input: unknown,
  selection: string,
): Promise<GraphqlAnswer<{ done: unknown }>> {
  return bench.ask(`mutation ($input: ${type}!) { done: ${field}(input: $input) { ${selection} } }`, { input });
}

beforeAll(async () => {
  await register(bench.sql, [
    single({
      identifier: "checked",
      version: "c1",
      payload_schema: {
        type: "object",
        required: ["title", "images"],
        additionalProperties: false,
        properties: {
          title: { type: "string", minLength: 3 },
          images: { type: "array", items: { type: "object", properties: { url: { type: "string" } } } },
        },
      },
    }),
  ]);
});

describe("addJob", () => {
  test("adds a job with its plan and gives it back, with all that a query would", async () => {
    const { data, errors } = await order(
      "addJob",
      "AddJobInput",
      {
        identifier: "publish",
        payload: { images: ["a", "b"], n: 1.5, nested: { text: String.raw`'"\ü` } },
        runAt: LATER,
        maxAttempts: 3,
        retryDelay: { minutes: 2, seconds: 1.5 },
        priority: -2,
        queueName: "slow",
        jobKey: "listing:7",
        tenant: "acme",
      },
      "job { id status runAt priority tenant jobKey taskCount tasks { nodes { key name } } }",
    );
    expect(errors).toStrictEqual([]);
    expect(data.done).toMatchObject({
      job: {
        status: "PENDING",
        priority: -2,
        tenant: "acme",
        jobKey: "listing:7",
        taskCount: 4,
        tasks: { nodes: [{ key: "validate" }, { key: "upload[1]" }, { key: "upload[2]" }, { key: "create" }] },
      },
    });
    const { id } = (data.done as { job: { id: string } }).job;
    expect(await readJob(bench.sql, id)).toMatchObject({
      payload: { images: ["a", "b"], n: 1.5, nested: { text: String.raw`'"\ü` } },
      max_attempts: 3,
      queue_name: "slow",
      run_at: new Date(LATER),
    });
    expect(await bench.sql.value("select retry_delay = '121.5 s' from ratchet.jobs where id = $1", [id])).toBe(true);
  });

  test("says field by field what is wrong with a payload, without its values, and adds nothing", async () => {
    const { data, errors } = await order(
      "addJob",
      "AddJobInput",
      { identifier: "checked", payload: { title: "x", images: [{ url: 7 }], colour: "secret" } },
      "job { id }",
    );
    expect(data).toStrictEqual({ done: null });
    expect(errors).toMatchObject([
      {
        path: ["done"],
        extensions: {
          code: "RT118",
          name: "payload_rejected",
          hint: expect.any(String),
          retryable: false,
          issues: expect.arrayContaining([
            { path: "title", message: "must NOT have fewer than 3 characters" },
            { path: "images[0].url", message: "must be string" },
            { path: "colour", message: "is not known" },
          ]),
        },
      },
    ]);
    expect(JSON.stringify(errors)).not.toContain("secret");
    expect(await bench.sql.value("select count(*)::int from ratchet.jobs where identifier = 'checked'")).toBe(0);
  });

  test("a payload left out is {}, and is checked too", async () => {
    const { errors } = await order("addJob", "AddJobInput", { identifier: "checked" }, "job { id }");
    expect(errors).toMatchObject([
      {
        extensions: {
          issues: [
            { path: "title", message: "is missing" },
            { path: "images", message: "is missing" },
          ],
        },
      },
    ]);
  });

  test("written out in the query, with no variable", async () => {
    const { data } = await bench.ask(
      'mutation { addJob(input: { identifier: "checked", payload: { title: "Jacket", images: [] } }) { job { status } } }',
    );
    expect(data).toStrictEqual({ addJob: { job: { status: "PENDING" } } });
    const { errors } = await bench.ask(
      'mutation { addJob(input: { identifier: "checked", payload: { title: 7, images: [] } }) { job { status } } }',
    );
    expect(errors).toMatchObject([{ extensions: { issues: [{ path: "title", message: "must be string" }] } }]);
  });

  test.each([
    [{ identifier: "unknown" }, "RT001"],
    [{ identifier: "single", payload: [1] }, "RT002"],
    [{ identifier: "publish", payload: { images: 7 } }, "RT003"],
    [{ identifier: "single", maxAttempts: 0 }, "RT006"],
    [{ identifier: "single", jobKey: `${TEST_SCHEMAS.ratchet}:1` }, "RT007"],
    [{ identifier: "single", runAt: "soon" }, "RT006"],
    [{ identifier: "single", payload: { text: "a\u0000b" } }, "RT006"],
    [{ identifier: "a\u0000b" }, "RT006"],
  ])("%j is refused with %s and a hint", async (input, code) => {
    const before = await bench.sql.value("select count(*)::int from ratchet.jobs");
    const { errors } = await order("addJob", "AddJobInput", input, "job { id }");
    expect(errors).toMatchObject([{ extensions: { code, hint: expect.any(String) } }]);
    expect(await bench.sql.value("select count(*)::int from ratchet.jobs")).toBe(before);
  });
});

describe("addJobs", () => {
  const jobsOf = (input: unknown) =>
    order("addJobs", "AddJobsInput", { jobs: input }, "jobs { id identifier taskCount }");

  test("adds all of them, in order, with the arguments of addJob", async () => {
    const { data, errors } = await jobsOf([
      { identifier: "publish", payload: { images: ["a"] }, taskNames: ["create"], jobKey: "many:1", runAt: LATER },
      { identifier: "single", retryDelay: { seconds: 7 }, maxAttempts: 2, queueName: "q", jobKeyMode: null },
    ]);
    expect(errors).toStrictEqual([]);
    const { jobs } = data.done as { jobs: { id: string }[] };
    expect(jobs).toMatchObject([
      { identifier: "publish", taskCount: 1 },
      { identifier: "single", taskCount: 1 },
    ]);
    expect(await readJob(bench.sql, jobs[0]?.id ?? "")).toMatchObject({ job_key: "many:1", run_at: new Date(LATER) });
    expect(await readJob(bench.sql, jobs[1]?.id ?? "")).toMatchObject({ max_attempts: 2, queue_name: "q" });
    expect(await bench.sql.value("select retry_delay = '7 s' from ratchet.jobs where id = $1", [jobs[1]?.id])).toBe(
      true,
    );
  });

  test("one bad payload: which job it was, where in it, and nothing is added", async () => {
    const before = await bench.sql.value("select count(*)::int from ratchet.jobs");
    const { errors } = await jobsOf([
      { identifier: "single" },
      { identifier: "checked", payload: { title: "Jacket" } },
    ]);
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/^Job 2 of 2: The payload was rejected/v),
        extensions: { code: "RT118", issues: [{ path: "jobs[1].images", message: "is missing" }] },
      },
    ]);
    expect(await bench.sql.value("select count(*)::int from ratchet.jobs")).toBe(before);
  });

  test("none are none", async () => {
    expect(await jobsOf([])).toMatchObject({ errors: [], data: { done: { jobs: [] } } });
  });
});

describe("orders about one job", () => {
  test("cancelJob and retryJob, with the reason in the audit", async () => {
    const { id } = await addSingle(bench.sql);
    const cancelled = await order(
      "cancelJob",
      "CancelJobInput",
      { jobId: id, reason: "sold" },
      "job { id status cancelReason }",
    );
    expect(cancelled).toMatchObject({
      errors: [],
      data: { done: { job: { id, status: "CANCELLED", cancelReason: "sold" } } },
    });
    const retried = await order(
      "retryJob",
      "RetryJobInput",
      { jobId: id },
      "job { status auditEntries { nodes { action reason } } }",
    );
    expect(retried).toMatchObject({
      errors: [],
      data: {
        done: {
          job: {
            status: "PENDING",
            auditEntries: { nodes: [{ action: "retry" }, { action: "cancel", reason: "sold" }] },
          },
        },
      },
    });
  });

  test("skipTask and completeTask", async () => {
    const { id } = await addPublish(bench.sql, ["a"]);
    const result = { listing: 4711, text: "a 'quote'" };
    const completed = await order(
      "completeTask",
      "CompleteTaskInput",
      { jobId: id, task: "validate", result },
      "job { progress }",
    );
    expect(completed).toMatchObject({ errors: [], data: { done: { job: { progress: 1 / 3 } } } });
    await order("skipTask", "SkipTaskInput", { jobId: id, task: "upload[1]" }, "job { id }");
    expect(await readTasks(bench.sql, id)).toMatchObject([
      { status: "COMPLETED", result },
      { status: "SKIPPED" },
      { status: "PENDING" },
    ]);
    const { errors } = await order("skipTask", "SkipTaskInput", { jobId: id, task: "none" }, "job { id }");
    expect(errors).toMatchObject([{ extensions: { code: "RT008", hint: expect.any(String) } }]);
  });

  test("rescheduleJob", async () => {
    const { id } = await addSingle(bench.sql);
    const input = { jobId: id, runAt: LATER, priority: 4 };
    expect(await order("rescheduleJob", "RescheduleJobInput", input, "job { runAt priority }")).toMatchObject({
      errors: [],
      data: { done: { job: { priority: 4 } } },
    });
    expect(await readJob(bench.sql, id)).toMatchObject({ run_at: new Date(LATER), priority: 4 });
    await claim(bench.sql.pool(), await addWorker(bench.sql), [id], { isOrder: true });
    expect((await order("rescheduleJob", "RescheduleJobInput", input, "job { id }")).errors).toMatchObject([
      { message: `Job ${id} is running: a worker has it.`, extensions: { code: "RT025", retryable: true } },
    ]);
  });

  test("a job that does not exist, and an id that is none", async () => {
    const unknown = await order("cancelJob", "CancelJobInput", { jobId: "999999" }, "job { id }");
    expect(unknown.errors).toMatchObject([
      { message: "There is no job 999999.", path: ["done"], extensions: { code: "RT013", name: "unknown_job" } },
    ]);
    for (const input of [
      { jobId: "7; drop table ratchet.jobs" },
      { jobId: null },
      {},
      { jobId: "1", clientMutationId: "x" },
    ]) {
      const { errors } = await order("cancelJob", "CancelJobInput", input, "job { id }");
      expect(errors).toHaveLength(1);
      expect(errors[0]?.extensions["code"]).not.toBe("RT134");
    }
  });
});

describe("orders about many jobs", () => {
  const OUTCOME = "outcome { matched done refused nextAfter refusals { code jobs firstJobId message hint } }";

  test("retryJobs counts, lets go on what failed for good, and says why others did not", async () => {
    const { id } = await addFailed(bench.sql);
    const { id: pending } = await addSingle(bench.sql);
    const dry = await order("retryJobs", "RetryJobsInput", { identifier: "publish", dryRun: true }, OUTCOME);
    expect(dry).toMatchObject({ errors: [], data: { done: { outcome: { matched: 1, done: 0, refusals: [] } } } });
    const outcome = await order("retryJobs", "RetryJobsInput", { ids: [id, pending], reason: "mended" }, OUTCOME);
    expect(outcome).toMatchObject({
      errors: [],
      data: {
        done: {
          outcome: {
            matched: 2,
            done: 1,
            refused: 1,
            nextAfter: null,
            refusals: [{ code: "RT017", jobs: 1, firstJobId: pending, message: expect.stringContaining("PENDING") }],
          },
        },
      },
    });
    expect(await auditOf(bench.sql, id)).toMatchObject([{ action: "retry", reason: "mended" }]);
  });

  test("cancelJobs by status, and in slices", async () => {
    const ids = [];
    for (let n = 0; n < 3; n++) {
      ids.push((await addSingle(bench.sql, { tenant: "slices" })).id);
    }
    const input = { tenant: "slices", status: ["PENDING"], maxJobs: 2 };
    const first = await order("cancelJobs", "CancelJobsInput", input, OUTCOME);
    expect(first).toMatchObject({ data: { done: { outcome: { done: 2, nextAfter: ids[1] } } } });
    const second = await order("cancelJobs", "CancelJobsInput", { ...input, after: ids[1] }, OUTCOME);
    expect(second).toMatchObject({ data: { done: { outcome: { done: 1, nextAfter: null } } } });
  });

  test("an order about everything is refused", async () => {
    expect((await order("cancelJobs", "CancelJobsInput", {}, OUTCOME)).errors).toMatchObject([
      { message: "Which jobs to cancel is not said.", extensions: { code: "RT006" } },
    ]);
  });
});

describe("queries", () => {
  test("queueStats says of each definition how its jobs fare", async () => {
    await addSingle(bench.sql, { tenant: "stats" });
    const { data, errors } = await bench.ask<{ queueStats: { identifier: string }[] }>(
      `{ queueStats(minutes: 5, tenant: "stats") {
           identifier scheduled waiting running willRetry oldestWaitSeconds completed failedForGood cancelled endsPerMinute } }`,
    );
    expect(errors).toStrictEqual([]);
    expect(data.queueStats.find(({ identifier }) => identifier === "single")).toStrictEqual({
      identifier: "single",
      scheduled: 0,
      waiting: 1,
      running: 0,
      willRetry: 0,
      oldestWaitSeconds: expect.any(Number),
      completed: 0,
      failedForGood: 0,
      cancelled: 0,
      endsPerMinute: 0,
    });
    expect((await bench.ask("{ queueStats(minutes: 0) { waiting } }")).errors).toMatchObject([
      { extensions: { code: "RT006" } },
    ]);
  });

  test("queueHistory counts ends, oldest first", async () => {
    const { data, errors } = await bench.ask<{ queueHistory: { startedAt: string; cancelled: number }[] }>(
      `{ queueHistory(minutes: 60, buckets: 4, tenant: "stats") { startedAt completed failedForGood cancelled } }`,
    );
    expect(errors).toStrictEqual([]);
    expect(data.queueHistory).toHaveLength(4);
    expect(data.queueHistory[0]).toStrictEqual({
      startedAt: expect.any(String),
      completed: 0,
      failedForGood: 0,
      cancelled: 0,
    });
    expect((await bench.ask("{ queueHistory(buckets: 0) { startedAt } }")).errors).toMatchObject([
      { extensions: { code: "RT006" } },
    ]);
  });

  const PREVIEW = `query ($identifier: String!, $payload: JSON!, $taskNames: [String!]) {
    previewPlan(identifier: $identifier, payload: $payload, taskNames: $taskNames) { position key name template } }`;

  test("previewPlan gives the plan that addJob makes, and writes nothing", async () => {
    const variables = { identifier: "publish", payload: { title: "x", images: ["a", "b"] } };
    const before = await bench.sql.value("select count(*) from ratchet.jobs");
    const { data, errors } = await bench.ask<{ previewPlan: unknown[] }>(PREVIEW, variables);
    expect(errors).toStrictEqual([]);
    expect(await bench.sql.value("select count(*) from ratchet.jobs")).toBe(before);
    const added = await bench.ask<{ addJob: { job: { tasks: { nodes: unknown[] } } } }>(
      `mutation ($identifier: String!, $payload: JSON!) { addJob(input: { identifier: $identifier, payload: $payload }) {
         job { tasks { nodes { position key name template } } } } }`,
      variables,
    );
    expect(data.previewPlan).toStrictEqual(added.data.addJob.job.tasks.nodes);
    expect((await bench.ask(PREVIEW, { ...variables, taskNames: ["upload[2]"] })).data).toMatchObject({
      previewPlan: [{ position: 1, key: "upload[2]" }],
    });
  });

  test.each([
    ["nobody knows it", {}, "RT001"],
    ["publish", { images: "x" }, "RT003"],
    ["publish", [], "RT002"],
    ["checked", {}, "RT118"],
  ])("previewPlan of %s with %j raises what addJob does", async (identifier, payload, code) => {
    const { errors } = await bench.ask(PREVIEW, { identifier, payload });
    const added = await bench.ask(
      "mutation ($identifier: String!, $payload: JSON!) { addJob(input: { identifier: $identifier, payload: $payload }) { job { id } } }",
      { identifier, payload },
    );
    const told = ({ message, extensions }: (typeof errors)[number]) => ({ message, extensions });
    expect(errors.map(told)).toStrictEqual(added.errors.map(told));
    expect(errors).toMatchObject([{ extensions: { code } }]);
  });

  test("etaSeconds is null without a history", async () => {
    const { id } = await addSingle(bench.sql, { tenant: "eta" });
    const answer = await bench.ask("query ($id: BigInt!) { job(id: $id) { etaSeconds } }", { id });
    expect(answer).toMatchObject({ errors: [], data: { job: { etaSeconds: null } } });
  });
});
