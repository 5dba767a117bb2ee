import { expect, inject, test } from "vitest";
import { z } from "zod";
import { type AnyJobDefinition, NonRetryableError, RetryLaterError, defineJob } from "../../src/index.ts";
import { testJob } from "../../src/testing/index.ts";

const databaseUrl = inject("testServerUrl");

const Album = z.object({ title: z.string().min(1), images: z.array(z.string()), copies: z.number().default(1) });

const publish = defineJob({ payload: Album, retry: { maxAttempts: 3, delay: "2 h", backoff: 2 } })
  .task("validate", ({ payload, log }) => {
    log.info({ images: payload.images.length }, "looked at");
    return { images: payload.images.length };
  })
  .forEach("upload", "images", { title: "Upload image {n}/{total}" }, ({ input, idempotencyKey }) => ({
    url: `https://images.example/${input}`,
    key: idempotencyKey,
  }))
  .task("create", async ({ results }) => (await results.upload).length);

const payload = { title: "Summer", images: ["a", "b", "c"] };

test("a retry comes at once and resumes at the failed task", async () => {
  const job = await testJob(publish, payload, { databaseUrl, failOnce: ["upload[2]"] });
  expect(job.status).toBe("COMPLETED");
  expect(job.calls.map(({ task, attempt, outcome }) => [task, attempt, outcome])).toStrictEqual([
    ["validate", 1, "completed"],
    ["upload[1]", 1, "completed"],
    ["upload[2]", 1, "failed"],
    ["upload[2]", 2, "completed"],
    ["upload[3]", 1, "completed"],
    ["create", 1, "completed"],
  ]);
  expect(job.calls[2]?.error).toBe("The test lets try 1 of upload[2] fail.");
  expect(job.failures).toMatchObject([{ task: "upload[2]", attempt: 1, counted: true, retryInMs: 7_200_000 }]);
  expect(job.tasks.map(({ name, status, attempts }) => [name, status, attempts])).toStrictEqual([
    ["validate", "COMPLETED", 1],
    ["Upload image 1/3", "COMPLETED", 1],
    ["Upload image 2/3", "COMPLETED", 2],
    ["Upload image 3/3", "COMPLETED", 1],
    ["create", "COMPLETED", 1],
  ]);
});

test("tells results, payload and log lines as handlers and later tasks had them", async () => {
  const job = await testJob(publish, payload, { databaseUrl, identifier: "publish_album", tenant: "north" });
  expect(job.results.validate).toStrictEqual({ images: 3 });
  expect(job.results.upload?.map(({ url }) => url)).toStrictEqual([
    "https://images.example/a",
    "https://images.example/b",
    "https://images.example/c",
  ]);
  expect(job.results.create).toBe(3);
  expect(job.payload?.copies).toBe(1);
  expect(job.logs).toStrictEqual([
    { level: "info", message: "looked at", task: "validate", attempt: 1, fields: { images: 3 } },
  ]);
  expect(job.explanation).toContain("publish_album");
});

test("a template's key stands for each of its tasks, a number for so many tries", async () => {
  const job = await testJob(publish, { ...payload, images: ["a", "b"] }, { databaseUrl, fail: { upload: 2 } });
  expect(job.status).toBe("COMPLETED");
  expect(job.failures.map(({ task, retryInMs }) => [task, retryInMs])).toStrictEqual([
    ["upload[1]", 7_200_000],
    ["upload[1]", 14_400_000],
    ["upload[2]", 7_200_000],
    ["upload[2]", 14_400_000],
  ]);
});

test("a job whose tries are used up has failed for good, and results end before that task", async () => {
  const job = await testJob(publish, payload, { databaseUrl, fail: { "upload[2]": Infinity }, maxAttempts: 2 });
  expect(job.status).toBe("FAILED");
  expect(job.nextAttemptAt).toBeNull();
  expect(job.failures.map(({ retryInMs }) => retryInMs)).toStrictEqual([7_200_000, null]);
  expect(Object.keys(job.results)).toStrictEqual(["validate"]);
});

test("errors given by the test are thrown one a try and mean what they mean in a handler", async () => {
  const job = await testJob(publish, payload, {
    databaseUrl,
    fail: {
      create: [new RetryLaterError({ delay: "9 s", countAttempt: false }), new NonRetryableError("sold out")],
    },
  });
  expect(job.status).toBe("FAILED");
  expect(job.failures).toMatchObject([
    { name: "RetryLaterError", counted: false, retryInMs: 9000 },
    { name: "NonRetryableError", message: "sold out", retryInMs: null },
  ]);
});

test("a crash between a handler and its checkpoint repeats that task with the same idempotency key, uncounted", async () => {
  const keys: string[] = [];
  const job = await testJob(publish, payload, {
    databaseUrl,
    crashAfter: ["upload[1]"],
    handlers: {
      upload: ({ input, idempotencyKey }) => {
        keys.push(idempotencyKey);
        return { url: input, key: idempotencyKey };
      },
    },
  });
  expect(job.calls.map(({ task, attempt, outcome }) => [task, attempt, outcome]).slice(0, 4)).toStrictEqual([
    ["validate", 1, "completed"],
    ["upload[1]", 1, "crashed"],
    ["upload[1]", 1, "completed"],
    ["upload[2]", 1, "completed"],
  ]);
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(3);
  expect([job.status, job.failures]).toStrictEqual(["COMPLETED", []]);
});

test("a transaction task's rows are there once, whatever crashes and fails; setUp made the table, inspect reads it", async () => {
  const book = defineJob().task("book", { transaction: true }, async ({ client, task }) => {
    await client.query("insert into bookings (attempt) values ($1)", [task.attempt]);
  });
  const job = await testJob(
    book,
    {},
    {
      databaseUrl,
      failOnce: ["book"],
      crashAfter: ["book"],
      setUp: (client) => client.query("create table bookings (attempt integer)"),
      inspect: async (client) => (await client.query<{ attempt: number }>("select attempt from bookings")).rows,
    },
  );
  expect(job.calls.map(({ outcome }) => outcome)).toStrictEqual(["failed", "crashed", "completed"]);
  expect(job.inspected).toStrictEqual([{ attempt: 2 }]);
});

test("a time-out aborts the handler's signal and is retried", async () => {
  let aborted = 0;
  const wait = defineJob().task("wait", { timeout: "1 min" }, async ({ signal, task }) => {
    signal.addEventListener("abort", () => {
      aborted++;
    });
    if (task.attempt === 1) {
      await new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    }
  });
  const job = await testJob(wait, {}, { databaseUrl, timeOutOnce: ["wait"] });
  expect(job.failures).toMatchObject([{ code: "RT119" }]);
  expect(aborted).toBe(1);
  expect(job.status).toBe("COMPLETED");
});

test("a cancel reaches the running handler through its signal; what it returns is discarded", async () => {
  const reasons: unknown[] = [];
  const job = await testJob(publish, payload, {
    databaseUrl,
    cancelAt: "upload[2]",
    handlers: {
      upload: async ({ input, signal, task }) => {
        if (task.key === "upload[2]") {
          await new Promise((resolve) => {
            signal.addEventListener("abort", resolve);
          });
          reasons.push(signal.reason);
        }
        return { url: input, key: "" };
      },
    },
  });
  expect(reasons).toMatchObject([expect.objectContaining({ kind: "lost" })]);
  expect(job.status).toBe("CANCELLED");
  expect(job.tasks.map(({ status }) => status)).toStrictEqual([
    "COMPLETED",
    "COMPLETED",
    "CANCELLED",
    "CANCELLED",
    "CANCELLED",
  ]);
  expect(job.calls.at(-1)).toMatchObject({ task: "upload[2]", outcome: "discarded" });
});

test("a payload that the schema rejects fails the job as in production, and no handler is called", async () => {
  const job = await testJob(publish, { ...payload, title: "" }, { databaseUrl });
  expect([job.status, job.calls, job.payload]).toStrictEqual(["FAILED", [], undefined]);
  expect(job.failures).toMatchObject([{ task: "validate", code: "RT118", retryInMs: null }]);
});

test("a payload that has no plan is refused as by add_job", async () => {
  // @ts-expect-error -- No array.
  await expect(testJob(publish, { ...payload, images: null }, { databaseUrl })).rejects.toMatchObject({
    code: "RT003",
  });
});

test.each([
  [{ failOnce: ["uplaod[2]"] }, 'failOnce names "uplaod[2]", which the plan has not; did you mean "upload[2]"?'],
  [{ fail: { vaildate: 1 } }, 'fail names "vaildate", which the plan has not; did you mean "validate"?'],
  [{ timeOutOnce: ["upload[9]"] }, 'timeOutOnce names "upload[9]", which the plan has not; did you mean "upload[1]"?'],
  [{ crashAfter: ["crate"] }, 'crashAfter names "crate", which the plan has not; did you mean "create"?'],
  [{ cancelAt: "something" }, 'cancelAt names "something", which the plan has not'],
  [{ handlers: { craete: () => 1 } }, 'handlers names "craete", which the plan has not; did you mean "create"?'],
])("%o is RT110 and names the nearest key", async (options, message) => {
  await expect(testJob<AnyJobDefinition>(publish, payload, { databaseUrl, ...options })).rejects.toMatchObject({
    code: "RT110",
    message,
  });
});

test("a number of failures that is none is RT110", async () => {
  await expect(testJob(publish, payload, { databaseUrl, fail: { create: -1 } })).rejects.toMatchObject({
    code: "RT110",
    message: expect.stringContaining('fail["create"]'),
  });
});

test("a definition without a task is RT112", async () => {
  await expect(testJob(defineJob(), {}, { databaseUrl })).rejects.toMatchObject({ code: "RT112" });
});

test("a job that is put off for ever is RT129 and says where it stands", async () => {
  const later = defineJob().task("wait", () => {
    throw new RetryLaterError({ delay: "1 h", countAttempt: false });
  });
  await expect(testJob(later, {}, { databaseUrl })).rejects.toMatchObject({
    code: "RT129",
    message: expect.stringContaining("wait"),
  });
});

test("the signal of a runner ends the test and aborts the handler", async () => {
  const controller = new AbortController();
  let aborted = 0;
  const endless = defineJob().task("wait", async ({ signal }) => {
    await new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        aborted++;
        resolve(null);
      });
      controller.abort(new Error("enough"));
    });
  });
  await expect(testJob(endless, {}, { databaseUrl, signal: controller.signal })).rejects.toThrow("enough");
  expect(aborted).toBe(1);
});
