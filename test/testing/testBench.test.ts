import { expect, inject, test } from "vitest";
import { defineJob } from "../../src/index.ts";
import { createTestBench } from "../../src/testing/index.ts";
import { withAdmin } from "../support/databases.ts";

const databaseUrl = inject("testServerUrl");

const ship = defineJob({ retry: { delay: "30 s" } }).task("pack", ({ task }) => task.attempt);
const count = defineJob().task("count", () => 1);

test("run goes on until nothing is due, advance makes more due", async () => {
  await using bench = await createTestBench({ definitions: { ship, count }, databaseUrl });
  const first = await bench.add("ship", {}, { failOnce: ["pack"] });
  const second = await bench.add("count", {});
  await bench.run();
  expect((await bench.look(first)).status).toBe("FAILED");
  expect((await bench.look(first)).nextAttemptAt).toBeInstanceOf(Date);
  expect((await bench.look(second)).results.count).toBe(1);

  await bench.advance("29 s");
  await bench.run();
  expect((await bench.look(first)).calls).toHaveLength(1);
  await bench.advance("1 s");
  await bench.run();
  const done = await bench.look(first);
  expect([done.status, done.results.pack]).toStrictEqual(["COMPLETED", 2]);
});

test("what handlers and SQL add runs too", async () => {
  await using bench = await createTestBench({ definitions: { ship, count }, databaseUrl });
  const { rows } = await bench.pool.query<{ id: string }>("select id from ratchet.add_job('count', '{}')");
  await bench.run();
  const job = await bench.look({ id: rows[0]?.id ?? "", identifier: "count" });
  expect([job.status, job.calls.length]).toStrictEqual(["COMPLETED", 1]);
});

test("a job that is due later is brought forward by finish", async () => {
  await using bench = await createTestBench({ definitions: { ship }, databaseUrl });
  const job = await bench.add("ship", {}, { runAt: new Date(Date.now() + 86_400_000) });
  await bench.run();
  expect((await bench.look(job)).status).toBe("PENDING");
  expect((await bench.finish(job)).status).toBe("COMPLETED");
});

test("an order through SQL counts: a cancelled job runs no more, a retried one again", async () => {
  await using bench = await createTestBench({ definitions: { ship }, databaseUrl });
  const job = await bench.add("ship", {}, { failOnce: ["pack"] });
  await bench.run();
  await bench.pool.query("select ratchet.cancel_job($1)", [job.id]);
  expect((await bench.finish(job)).status).toBe("CANCELLED");
  await bench.pool.query("select ratchet.retry_job($1)", [job.id]);
  expect((await bench.finish(job)).status).toBe("COMPLETED");
});

test("trouble that the plan has not leaves no job behind", async () => {
  await using bench = await createTestBench({ definitions: { ship }, databaseUrl });
  // @ts-expect-error -- The typed slip.
  await expect(bench.add("ship", {}, { failOnce: ["pakc"] })).rejects.toMatchObject({ code: "RT110" });
  const { rowCount } = await bench.pool.query("select from ratchet.jobs");
  expect(rowCount).toBe(0);
});

test("a job that somebody else holds is RT129 with the reason, not an endless wait", async () => {
  await using bench = await createTestBench({ definitions: { ship }, databaseUrl });
  const job = await bench.add("ship", {});
  const holder = await bench.pool.connect();
  try {
    await holder.query("begin");
    await holder.query("select from ratchet.jobs for update");
    await expect(bench.finish(job)).rejects.toMatchObject({ code: "RT129" });
  } finally {
    holder.release(true);
  }
});

test("close drops the database, also the second time, and after a failed set-up", async () => {
  const bench = await createTestBench({ definitions: { ship }, databaseUrl });
  const name = new URL(bench.connectionString).pathname.slice(1);
  await bench.run();
  await bench.close();
  await bench.close();
  let failed = "";
  const wrong = createTestBench({
    definitions: { ship },
    databaseUrl,
    setUp: async (client) => {
      const { rows } = await client.query<{ name: string }>("select current_database() as name");
      failed = rows[0]?.name ?? "";
      throw new Error("wrong set-up");
    },
  });
  await expect(wrong).rejects.toThrow("wrong set-up");
  const left = await withAdmin(databaseUrl, (client) =>
    client.query("select from pg_database where datname = any ($1)", [[name, failed]]),
  );
  expect(left.rowCount).toBe(0);
});
