import { expect, test } from "vitest";

import { checkMigrated, migrationState } from "../../src/database/migrationState.ts";
import { migrate } from "../../src/database/migrator.ts";
import { defineJob } from "../../src/index.ts";
import { createWorkerBench } from "../worker/workerBench.ts";
import { waitUntil } from "../support/waiting.ts";
import { EXPANDING_RELEASE, changed, nextRelease } from "./nextRelease.ts";

const bench = createWorkerBench();
const WRITERS = 4;

const steps = defineJob()
  .task("one", () => ({ one: 1 }))
  .task("two", { transaction: true }, async ({ client }) => {
    await client.query("select 1");
  })
  .task("three", () => {});

/** Adds jobs from several connections at once until it is told to end; gives their ids. */
function keepAdding() {
  const over = new AbortController();
  const jobIds: string[] = [];
  const adding = Promise.all(Array.from({ length: WRITERS }, add));
  async function add(): Promise<void> {
    while (!over.signal.aborted) {
      jobIds.push(await bench.add("steps"));
    }
  }
  return {
    count: () => jobIds.length,
    end: async (): Promise<string[]> => {
      over.abort();
      await adding;
      return jobIds;
    },
  };
}

test("workers of the release before run on through a migration under load and after it, and start on its schema", async () => {
  const { pool } = bench.database();
  const worker = await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  const adding = keepAdding();
  await worker.event("job.completed");

  const folder = nextRelease(EXPANDING_RELEASE);
  await expect(checkMigrated(pool, { folder })).rejects.toMatchObject({ code: "RT106" });
  expect(await migrate(pool, { folder })).toStrictEqual({
    applied: ["000002_note"],
    schemaRefreshed: true,
    missingRoles: [],
  });
  // Functions, views and triggers once more.
  await migrate(pool, {
    folder: nextRelease({ ...EXPANDING_RELEASE, "schema/functions/ratchet.add_jobs.sql": changed }),
  });

  const completedBefore = worker.seen("job.completed").length;
  await waitUntil(() => worker.seen("job.completed").length > completedBefore, { what: "a job after the migration" });
  expect(await migrationState(pool)).toBe("ahead");
  const late = await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  await late.event("job.completed");
  const jobIds = await adding.end();
  for (const jobId of jobIds) {
    const job = await bench.ended(jobId);
    expect([job.status, ...job.tasks.map(({ attempts }) => attempts)]).toStrictEqual(["COMPLETED", 1, 1, 1]);
  }
  expect([...worker.seen("task.failed"), ...late.seen("task.failed")]).toStrictEqual([]);
  expect(await bench.violations()).toStrictEqual([]);
}, 120_000);
