import { expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { wakeUpKey } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

/** Adds a row to graphile-worker's queue by hand; a key of our own would be the job's proper wake-up. */
async function wake(identifier: string, payload: object, rest = ""): Promise<void> {
  await bench.rows(`select graphile_worker.add_job($1, $2${rest})`, [identifier, JSON.stringify(payload)]);
}

/** Waits until the queue holds nothing that could be fetched. */
async function queueIsEmpty(): Promise<void> {
  await waitUntil(async () => (await bench.wakeUps()).length === 0, { what: "an empty queue" });
}

test("a retry is picked up when it comes due, though nothing polls", async () => {
  let tries = 0;
  const flaky = defineJob({ retry: { delay: "200 ms" } }).task("only", () => {
    tries++;
    if (tries < 3) {
      throw new Error("not yet");
    }
  });
  const worker = await bench.start({ definitions: { flaky } });
  const jobId = await bench.add("flaky");
  await worker.event("job.completed", (event) => event.jobId === jobId);
  expect(tries).toBe(3);
  expect(worker.seen("task.failed").map(({ retryInMs }) => retryInMs)).toStrictEqual([200, 200]);
  expect(worker.seen("sweep.mended")).toStrictEqual([]);
});

test("many retries that come due at different times are all picked up", async () => {
  const tries = new Map<string, number>();
  const flaky = defineJob({ retry: { delay: "100 ms", jitter: 1 } }).task("only", ({ job }) => {
    tries.set(job.id, (tries.get(job.id) ?? 0) + 1);
    if (tries.get(job.id) === 1) {
      throw new Error("not yet");
    }
  });
  await bench.start({ definitions: { flaky }, concurrency: 3 });
  const jobIds = await Promise.all(Array.from({ length: 30 }, () => bench.add("flaky")));
  const jobs = await Promise.all(jobIds.map((jobId) => bench.ended(jobId)));
  expect(new Set(jobs.map(({ status }) => status))).toStrictEqual(new Set(["COMPLETED"]));
  expect(new Set(tries.values())).toStrictEqual(new Set([2]));
});

test("a wake-up without delay that comes while the job's run is ending is not lost", async () => {
  let tries = 0;
  const hasty = defineJob({ retry: { delay: "0 ms", maxAttempts: 40 } }).task("only", () => {
    tries++;
    if (tries < 40) {
      throw new Error("not yet");
    }
  });
  const worker = await bench.start({ definitions: { hasty } });
  const jobId = await bench.add("hasty");
  await bench.ended(jobId);
  expect(tries).toBe(40);
  expect(worker.seen("sweep.mended")).toStrictEqual([]);
});

test("doubled wake-ups run a job once, and leave nothing behind", async () => {
  const running = deferred();
  const go = deferred();
  let calls = 0;
  const once = defineJob()
    .task("first", async () => {
      calls++;
      running.resolve();
      await go.promise;
    })
    .task("second", () => {
      calls++;
    });
  const worker = await bench.start({ definitions: { once } });
  const jobId = await bench.add("once");
  for (let copy = 0; copy < 5; copy++) {
    await wake("once", { $ratchet: jobId });
  }
  await running.promise;
  for (let copy = 0; copy < 5; copy++) {
    await wake("once", { $ratchet: jobId });
  }
  go.resolve();
  await bench.ended(jobId);
  // Afterwards, too.
  await wake("once", { $ratchet: jobId });
  await queueIsEmpty();
  expect(calls).toBe(2);
  expect(worker.seen("job.claimed")).toHaveLength(1);
});

test("a wake-up of a job that does not exist, or whose envelope is no job id, does no harm", async () => {
  const noop = defineJob().task("only", () => {});
  const worker = await bench.start({ definitions: { noop } });
  await wake("noop", { $ratchet: "999999999" });
  await queueIsEmpty();
  // Not our envelope: somebody's payload, so it is adopted.
  await wake("noop", { $ratchet: "12x" });
  await wake("noop", { $ratchet: "1", more: true });
  await queueIsEmpty();
  expect(worker.seen("job.adopted")).toHaveLength(2);
});

test("a wake-up of one definition cannot run the job of another", async () => {
  const ran: string[] = [];
  const mine = defineJob().task("only", () => {
    ran.push("mine");
  });
  const yours = defineJob().task("only", () => {
    ran.push("yours");
  });
  const jobId = await (async () => {
    const registering = await bench.start({ definitions: { mine, yours } });
    await registering.stop();
    const id = await bench.add("yours");
    await bench.rows("select graphile_worker.remove_job($1)", [wakeUpKey(id)]);
    return id;
  })();
  const worker = await bench.start({ definitions: { mine, yours } });
  await worker.event("sweep.mended");
  await bench.ended(jobId);
  expect(ran).toStrictEqual(["yours"]);

  const other = await bench.add("yours", {}, { runAt: new Date(Date.now() + 3_600_000) });
  await bench.rows("select graphile_worker.remove_job($1)", [wakeUpKey(other)]);
  await bench.rows("update ratchet.jobs set run_at = now() - interval '1 s' where id = $1", [other]).catch(() => []);
  await wake("mine", { $ratchet: other });
  await queueIsEmpty().catch(() => {});
  expect(ran.filter((name) => name === "mine")).toStrictEqual([]);
});

test("a lost wake-up is added again by the sweep", async () => {
  const noop = defineJob().task("only", () => {});
  const first = await bench.start({ definitions: { noop } });
  await first.stop();
  const jobId = await bench.add("noop");
  await bench.rows("select graphile_worker.remove_job($1)", [wakeUpKey(jobId)]);
  const worker = await bench.start({ definitions: { noop } });
  await bench.ended(jobId);
  expect(worker.seen("sweep.mended")).toStrictEqual([{ woken: [jobId], settled: [] }]);
});

test("a wake-up that somebody used up, or whose pool is dead, does not keep the job waiting", async () => {
  const noop = defineJob().task("only", () => {});
  const first = await bench.start({ definitions: { noop } });
  await first.stop();
  const [spent, orphaned] = [await bench.add("noop"), await bench.add("noop")];
  await bench.rows("update graphile_worker._private_jobs set attempts = max_attempts where key = $1", [
    wakeUpKey(spent),
  ]);
  await bench.rows(
    "update graphile_worker._private_jobs set locked_by = 'pool-gone', locked_at = now() - interval '6 s' where key = $1",
    [wakeUpKey(orphaned)],
  );
  const worker = await bench.start({ definitions: { noop } });
  await Promise.all([bench.ended(spent), bench.ended(orphaned)]);
  const mended = await worker.event("sweep.mended");
  expect(mended.woken).toStrictEqual([spent, orphaned]);
});

test("a job whose status its tasks contradict is settled by the sweep", async () => {
  const noop = defineJob().task("only", () => {});
  const first = await bench.start({ definitions: { noop } });
  await first.stop();
  const jobId = await bench.add("noop");
  await bench.rows("select graphile_worker.remove_job($1)", [wakeUpKey(jobId)]);
  await bench.rows(
    `begin; set local session_replication_role = replica;
     update ratchet.tasks set status = 'COMPLETED', completed_at = now(), started_at = now() where job_id = ${jobId}; commit`,
  );
  const worker = await bench.start({ definitions: { noop } });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  expect(worker.seen("sweep.mended")).toStrictEqual([{ woken: [], settled: [jobId] }]);
});

test("a wake-up that a live pool has locked and forgotten, because the answer to its fetch was lost, is replaced", async () => {
  const noop = defineJob().task("only", () => {});
  const worker = await bench.start({ definitions: { noop } });
  const poolId = await waitUntil(
    async () => {
      const [found] = await bench.rows<{ id: string | null }>(
        "select pool_ids[1] as id from ratchet.workers where id = $1",
        [worker.workerId],
      );
      return found?.id ?? null;
    },
    { what: "a beat with the pool" },
  );
  const lost = await bench.add("noop", {}, { runAt: new Date(Date.now() + 500) });
  await bench.rows(
    "update graphile_worker._private_jobs set locked_by = $1, locked_at = now() - interval '11 s', attempts = 1 where key = $2",
    [poolId, wakeUpKey(lost)],
  );
  expect((await bench.ended(lost)).status).toBe("COMPLETED");
  expect(worker.seen("sweep.mended").flatMap(({ woken }) => woken)).toStrictEqual([lost]);
});
