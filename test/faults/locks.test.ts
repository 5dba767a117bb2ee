import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { renameSchemas } from "../../src/database/schemaNames.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { createWorkerBench } from "../worker/workerBench.ts";

const bench = createWorkerBench();
let psql: pg.Client;

beforeEach(async () => {
  psql = new pg.Client({ connectionString: bench.database().url, application_name: "psql" });
  await psql.connect();
});

afterEach(async () => {
  await psql.end();
});

async function hold(sql: string, values: readonly unknown[] = []): Promise<void> {
  await psql.query("begin");
  await psql.query(renameSchemas(sql, TEST_SCHEMAS), [...values]);
}

const HOLDS = [
  ["a task row", "select from ratchet.tasks where job_id = $1 and position = 1 for update"],
  ["a job row", "select from ratchet.jobs where id = $1 for update"],
] as const;

test.each(HOLDS)(
  "while somebody's psql holds %s others go on, and it is told once who is in the way",
  async (_what, sql) => {
    const running = deferred();
    const mayEnd = deferred();
    const slow = defineJob().task("only", async () => {
      running.resolve();
      await mayEnd.promise;
    });
    const quick = defineJob().task("only", () => {});
    const worker = await bench.start({ definitions: { slow, quick }, pollIntervalMs: 200 });
    const held = await bench.add("slow");
    await running.promise;
    await hold(sql, [held]);
    mayEnd.resolve();
    const others = await Promise.all(Array.from({ length: 20 }, () => bench.add("quick")));
    for (const jobId of others) {
      expect((await bench.ended(jobId)).status).toBe("COMPLETED");
    }
    const { kind, errorCode, errorMessage, heldBy } = await worker.event("database.troubled");
    expect({ kind, errorCode }).toStrictEqual({ kind: "locked", errorCode: "55P03" });
    expect(errorMessage).toContain(`job ${held} `);
    expect(heldBy?.join("; ")).toMatch(/^process \d+ \(psql, role \w+, idle in transaction, for \d+ s\)$/v);
    await psql.query("rollback");
    expect((await bench.ended(held)).status).toBe("COMPLETED");
    await worker.event("database.recovered");
    expect(worker.seen("database.troubled")).toHaveLength(1);
    expect(worker.log().match(/somebody's lock is in the way/gv)).toHaveLength(1);
    expect(await bench.violations()).toStrictEqual([]);
  },
);

test("somebody who locks a whole table stops the worker for as long, and no longer", async () => {
  const steps = defineJob()
    .task("one", () => {})
    .task("two", () => {});
  const worker = await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  await hold("lock table ratchet.tasks in access exclusive mode");
  const adding = Promise.all(Array.from({ length: 5 }, () => bench.add("steps")));
  const begin = performance.now();
  await waitUntil(() => performance.now() - begin > 1500);
  await psql.query("rollback");
  for (const jobId of await adding) {
    expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  }
  const troubles = worker.seen("database.troubled").map(({ kind }) => kind);
  expect(troubles.filter((kind) => kind !== "locked")).toStrictEqual([]);
  expect(await bench.violations()).toStrictEqual([]);
});

test("a wake-up whose row in graphile-worker's table somebody holds waits; others run", async () => {
  const quick = defineJob().task("only", () => {});
  await bench.start({ definitions: { quick }, pollIntervalMs: 200 });
  const later = await bench.add("quick", {}, { runAt: new Date(Date.now() + 700) });
  await hold("select from graphile_worker._private_jobs where key = 'ratchet:' || $1::text for update", [later]);
  const others = await Promise.all(Array.from({ length: 5 }, () => bench.add("quick")));
  for (const jobId of others) {
    expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  }
  await psql.query("rollback");
  expect((await bench.ended(later)).status).toBe("COMPLETED");
});
