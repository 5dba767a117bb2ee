import { expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { wakeUpKey } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

function versions() {
  const ran: string[] = [];
  const old = defineJob().task("make", ({ job }) => {
    ran.push(`old ${job.id}`);
  });
  const current = defineJob()
    .task("make", ({ job }) => {
      ran.push(`new ${job.id}`);
    })
    .task("check", () => {});
  return { ran, old, current };
}

test("old and new run side by side: each job goes to the worker that knows its version", async () => {
  const { ran, old, current } = versions();
  const oldWorker = await bench.start({ definitions: { report: old } });
  await oldWorker.stop();
  const oldJobs = await Promise.all(Array.from({ length: 20 }, () => bench.add("report")));
  const newWorker = await bench.start({ definitions: { report: current }, pollIntervalMs: 100 });
  await newWorker.event("worker.started");
  const again = await bench.start({ definitions: { report: old }, pollIntervalMs: 1000 });
  const newJobs = await Promise.all(Array.from({ length: 20 }, () => bench.add("report")));
  const jobs = await Promise.all([...oldJobs, ...newJobs].map((jobId) => bench.ended(jobId)));

  expect(jobs.map(({ tasks }) => tasks.length)).toStrictEqual([...oldJobs.map(() => 1), ...newJobs.map(() => 2)]);
  expect(ran.toSorted()).toStrictEqual(
    [...oldJobs.map((jobId) => `old ${jobId}`), ...newJobs.map((jobId) => `new ${jobId}`)].toSorted(),
  );
  expect(jobs.flatMap(({ tasks }) => tasks.map(({ attempts }) => attempts))).toStrictEqual(
    Array.from({ length: 60 }, () => 1),
  );
  expect(again.seen("job.claimed")).toHaveLength(20);
}, 120_000);

test("a version that no worker knows waits, says so, and fails with a clear text in the end", async () => {
  const { old, current } = versions();
  const oldWorker = await bench.start({ definitions: { lost: old } });
  await oldWorker.stop();
  const jobId = await bench.add("lost");
  const worker = await bench.start({ definitions: { lost: current }, pollIntervalMs: 100 });
  await waitUntil(
    async () => {
      const [row] = await bench.rows<{ run_at: Date; now: Date }>(
        "select run_at, now() as now from graphile_worker.jobs where key = $1",
        [wakeUpKey(jobId)],
      );
      return row !== undefined && row.run_at > row.now;
    },
    { what: "a wake-up put off" },
  );
  expect((await bench.job(jobId)).tasks).toMatchObject([{ status: "PENDING", attempts: 0 }]);
  const [sentence] = await bench.rows<{ text: string }>("select ratchet.explain_job($1) as text", [jobId]);
  expect(sentence?.text).toMatch(/version/v);

  await bench.rows("select ratchet_private.advance_clock('2 minutes')");
  const failed = await worker.event("task.failed", (event) => event.jobId === jobId);
  expect(failed).toMatchObject({ errorCode: "RT120" });
  await bench.rows("select ratchet_private.advance_clock('-2 minutes')");
});

test("definitions with equal templates are told apart, though their versions are equal", async () => {
  const ran: string[] = [];
  const one = defineJob().task("run", () => {
    ran.push("one");
  });
  const two = defineJob()
    .task("run", () => {
      ran.push("two");
    })
    .task("more", () => {});
  const first = await bench.start({ definitions: { changing: one } });
  await first.stop();
  const jobId = await bench.add("changing");
  // It knows the version, for another identifier.
  const newer = await bench.start({ definitions: { changing: two, other: one }, pollIntervalMs: 50 });
  await waitUntil(async () => (await bench.wakeUps()).some(({ key }) => key === wakeUpKey(jobId)));
  await waitUntil(
    async () => {
      const [row] = await bench.rows<{ is_put_off: boolean }>(
        "select run_at > now() as is_put_off from graphile_worker.jobs where key = $1",
        [wakeUpKey(jobId)],
      );
      return row?.is_put_off === true;
    },
    { what: "a wake-up put off instead of claimed over and over" },
  );
  expect(newer.seen("job.claimed").filter((event) => event.jobId === jobId)).toStrictEqual([]);
  await newer.stop();
  await bench.start({ definitions: { changing: one }, pollIntervalMs: 50 });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  expect(ran).toStrictEqual(["one"]);
});

test("two workers of one database share the jobs", async () => {
  const share = defineJob().task("only", async ({ signal }) => {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    signal.throwIfAborted();
  });
  const [one, two] = [
    await bench.start({ definitions: { share }, concurrency: 2, pollIntervalMs: 50 }),
    await bench.start({ definitions: { share }, concurrency: 2, pollIntervalMs: 50 }),
  ];
  await bench.allEnded(await bench.addMany("share", 100));
  const shares = (): number[] => [one, two].map((worker) => worker.seen("job.completed").length);
  // The last row may be seen before its event is heard.
  await waitUntil(() => shares().reduce((sum, count) => sum + count, 0) === 100, { what: "100 ends" });
  expect(Math.min(...shares())).toBeGreaterThan(0);
});

test("titles, policies and what a handler does may change: the old version's jobs run on with the new code", async () => {
  const ran: string[] = [];
  const old = defineJob().task("make", () => {
    ran.push("old");
  });
  const reworded = defineJob({ retry: { maxAttempts: 2 } }).task("make", { title: "Make it" }, () => {
    ran.push("new");
  });
  await (await bench.start({ definitions: { reworded: old } })).stop();
  const jobId = await bench.add("reworded");
  await bench.start({ definitions: { reworded } });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  expect(ran).toStrictEqual(["new"]);
});

const FAILING_ONCE = { retry: { maxAttempts: 5, delay: "10 min" } } as const;

/** A plan of two tasks, the second of which fails while `isBroken`. */
function between() {
  const ran: string[] = [];
  let isBroken = true;
  const note = (name: string) => () => {
    ran.push(name);
  };
  const fail = () => {
    if (isBroken) {
      throw new Error("not yet");
    }
    ran.push("two");
  };
  const old = defineJob(FAILING_ONCE).task("one", note("one")).task("two", fail);
  const others = {
    renamed: defineJob(FAILING_ONCE).task("one", note("new one")).task("second", note("second")),
    removed: defineJob(FAILING_ONCE).task("one", note("new one")),
    inserted: defineJob(FAILING_ONCE)
      .task("one", note("new one"))
      .task("new", note("new"))
      .task("two", note("new two")),
    reordered: defineJob(FAILING_ONCE).task("two", note("new two")).task("one", note("new one")),
  };
  return {
    ran,
    old,
    others,
    repair: () => {
      isBroken = false;
    },
  };
}

test.each(["renamed", "removed", "inserted", "reordered"] as const)(
  "a task %s between two tries: no new code touches the job; it fails clearly in the end, and the old code brings it home",
  async (change) => {
    const { ran, old, others, repair } = between();
    const first = await bench.start({ definitions: { [change]: old } });
    const jobId = await bench.add(change);
    await first.event("task.failed");
    await first.stop();
    repair();

    const newer = await bench.start({ definitions: { [change]: others[change] }, pollIntervalMs: 50 });
    await bench.rows("select ratchet.retry_job($1)", [jobId]);
    await waitUntil(
      async () => {
        const [row] = await bench.rows<{ text: string }>("select ratchet.explain_job($1) as text", [jobId]);
        return row?.text.includes("version") === true;
      },
      { what: "an explanation" },
    );
    await bench.rows("select ratchet_private.advance_clock('2 minutes')");
    const failed = await newer.event("task.failed", (event) => event.jobId === jobId);
    await bench.rows("select ratchet_private.advance_clock('-2 minutes')");
    expect(failed).toMatchObject({
      errorCode: "RT120",
      errorMessage: expect.stringMatching(/^No live worker has known version \w+ of ".*" for \d+ s\.$/v),
    });
    expect((await bench.job(jobId)).tasks).toMatchObject([
      { status: "COMPLETED", attempts: 1 },
      // What nobody could run is no try.
      { status: "FAILED", attempts: 0 },
    ]);
    await newer.stop();

    await bench.start({ definitions: { [change]: old }, pollIntervalMs: 50 });
    await bench.rows("select ratchet.retry_job($1)", [jobId]);
    expect((await bench.ended(jobId)).status).toBe("COMPLETED");
    expect(ran).toStrictEqual(["one", "two"]);
  },
);

test("a job that RT120 has failed goes on by itself when the old code is deployed again", async () => {
  const { current, ran } = versions();
  const home = defineJob({ retry: { maxAttempts: 5, delay: "50 ms" } }).task("make", ({ job }) => {
    ran.push(`old ${job.id}`);
  });
  await (await bench.start({ definitions: { home } })).stop();
  const jobId = await bench.add("home");
  const newer = await bench.start({ definitions: { home: current }, pollIntervalMs: 50 });
  await bench.rows("select ratchet_private.advance_clock('2 minutes')");
  await newer.event("task.failed", (event) => event.jobId === jobId);
  await bench.start({ definitions: { home }, pollIntervalMs: 50 });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  await bench.rows("select ratchet_private.advance_clock('-2 minutes')");
  expect(ran).toStrictEqual([`old ${jobId}`]);
});
