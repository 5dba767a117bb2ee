import { parseCronItems } from "graphile-worker";
import { expect, test } from "vitest";
import { z } from "zod";

import { adoptJob } from "../../src/database/calls/wakeUps.ts";
import { defineJob } from "../../src/index.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

interface JobRow {
  readonly id: string;
  readonly status: string;
  readonly payload: unknown;
  readonly priority: number;
  readonly queue_name: string | null;
  readonly adopted_from: string;
}

async function addForeign(text: string, values: readonly unknown[] = []): Promise<string> {
  const [row] = await bench.rows<{ id: string }>(`select id from graphile_worker.add_job(${text})`, values);
  return row?.id ?? "";
}

/** The job made of a graphile-worker job, once it has ended. */
async function adopted(graphileJobId: string): Promise<JobRow> {
  return waitUntil(
    async () => {
      const [row] = await bench.rows<JobRow>(
        "select * from ratchet.jobs where adopted_from = $1 and finished_at is not null",
        [graphileJobId],
      );
      return row;
    },
    { what: `the job adopted from ${graphileJobId}` },
  );
}

/** Waits until graphile-worker has nothing more to do with a job of its own. */
async function isUsedUp(graphileJobId: string): Promise<void> {
  await waitUntil(async () => (await bench.wakeUps()).every(({ id }) => id !== graphileJobId), {
    what: "a wake-up's end",
  });
}

test("a job added without Ratchet becomes a tracked one, with queue and priority", async () => {
  const got: unknown[] = [];
  const publish = defineJob({ payload: z.object({ images: z.array(z.string()) }) })
    .forEach("upload", "images", ({ input }) => {
      got.push(input);
    })
    .task("done", () => "done");
  const worker = await bench.start({ definitions: { publish } });
  const graphileJobId = await addForeign("'publish', $1, queue_name => 'till', priority => 7", [
    { images: ["a", "b"] },
  ]);
  const job = await adopted(graphileJobId);
  expect(job).toMatchObject({ status: "COMPLETED", priority: 7, queue_name: "till", payload: { images: ["a", "b"] } });
  expect(got).toStrictEqual(["a", "b"]);
  expect(worker.seen("job.adopted")).toStrictEqual([{ jobId: job.id, identifier: "publish", graphileJobId }]);
  await isUsedUp(graphileJobId);
});

test("a row that is picked up twice is adopted once", async () => {
  const noop = defineJob().task("only", () => {});
  const worker = await bench.start({ definitions: { noop } });
  await worker.stop();
  const wakeUp = {
    graphileJobId: "424242",
    identifier: "noop",
    payload: { n: 1 },
    queueName: null,
    priority: 0,
    runAt: new Date(),
  };
  const { pool } = bench.database();
  const ids = await Promise.all(Array.from({ length: 8 }, () => adoptJob(pool, wakeUp)));
  expect(new Set(ids).size).toBe(1);
  expect(await bench.rows("select id from ratchet.jobs where adopted_from = 424242")).toHaveLength(1);
});

test("the definition's retry policy counts, not graphile-worker's", async () => {
  let tries = 0;
  const failing = defineJob({ retry: { maxAttempts: 3, delay: "20 ms" } }).task("only", () => {
    tries++;
    throw new Error("always");
  });
  await bench.start({ definitions: { failing } });
  const job = await adopted(await addForeign("'failing', '{}'::json, max_attempts => 1"));
  expect(job.status).toBe("FAILED");
  expect(tries).toBe(3);
});

test.each([
  ["an array", "[1, 2]"],
  ["a text", '"hello"'],
  ["a number", "7"],
  ["an object without the array that its tasks come from", '{"images": "a.jpg"}'],
])("a payload that is %s becomes a FAILED job that says why", async (_title, payload) => {
  const publish = defineJob({ payload: z.object({ images: z.array(z.string()) }) }).forEach(
    "upload",
    "images",
    () => {},
  );
  await bench.start({ definitions: { publish } });
  const graphileJobId = await addForeign("'publish', $1::json", [payload]);
  const job = await adopted(graphileJobId);
  expect(job.status).toBe("FAILED");
  const { tasks } = await bench.job(job.id);
  expect(tasks).toMatchObject([{ status: "FAILED" }]);
  expect(tasks[0]?.errorMessage).toContain(`graphile-worker job ${graphileJobId} cannot be planned: `);
  await isUsedUp(graphileJobId);
});

test("a foreign job key still replaces a job that has not started, and leaves one that runs alone", async () => {
  const running = deferred();
  const go = deferred();
  const seen: unknown[] = [];
  const keyed = defineJob({ payload: z.object({ n: z.number() }) }).task("only", async ({ payload }) => {
    seen.push(payload.n);
    if (payload.n === 2) {
      running.resolve();
      await go.promise;
    }
  });
  // Before any worker: the second call replaces the first.
  await addForeign("'keyed', $1, job_key => 'k'", [{ n: 1 }]);
  const second = await addForeign("'keyed', $1, job_key => 'k'", [{ n: 2 }]);
  await bench.start({ definitions: { keyed } });
  await running.promise;
  const third = await addForeign("'keyed', $1, job_key => 'k'", [{ n: 3 }]);
  expect((await adopted(third)).status).toBe("COMPLETED");
  go.resolve();
  expect((await adopted(second)).status).toBe("COMPLETED");
  expect(seen).toStrictEqual([2, 3]);
});

test("an entry of graphile-worker's crontab becomes a tracked job", async () => {
  const payloads: unknown[] = [];
  const nightly = defineJob({ payload: z.object({ office: z.string() }).loose() }).task("only", ({ payload }) => {
    payloads.push(payload);
  });
  await bench.start({ definitions: { nightly } });
  // What graphile-worker's cron adds when an entry comes due.
  const [item] = parseCronItems([
    { task: "nightly", match: "0 3 * * *", payload: { office: "Rome" }, identifier: "nightly" },
  ]);
  expect(item?.task).toBe("nightly");
  const job = await adopted(
    await addForeign("$1, $2", [
      "nightly",
      { office: "Rome", _cron: { ts: "2026-11-23T03:00:00Z", backfilled: false } },
    ]),
  );
  expect(job.status).toBe("COMPLETED");
  expect(payloads).toMatchObject([{ office: "Rome", _cron: { backfilled: false } }]);
});
