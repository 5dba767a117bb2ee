import { describe, expect, test } from "vitest";
import { z } from "zod";

import { channelOf } from "../../src/database/announcements.ts";
import { createConnections } from "../../src/client/connections.ts";
import { createWaiters } from "../../src/client/waiters.ts";
import { announcementChannel } from "../../src/database/calls/wakeUps.ts";
import { createRatchet, defineJob, NonRetryableError, type RatchetOptions } from "../../src/index.ts";
import { startProxy } from "../engine/proxy.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "../worker/workerBench.ts";
import { asRawPool, rejection } from "./clientBench.ts";

const bench = createWorkerBench();

/** Goes on when a test says so. */
let gate = deferred();

const steps = defineJob({
  identifier: "steps",
  payload: z.object({ names: z.array(z.string()) }),
  retry: { delay: "0 s" },
})
  .task("first", async () => {
    await gate.promise;
    return { at: new Date(0) };
  })
  .forEach("each", "names", ({ input }) => input.toUpperCase())
  .task("last", ({ payload, task }) => {
    if (payload.names.includes("fail once") && task.attempt === 1) {
      throw new Error("not yet");
    }
    if (payload.names.includes("fail")) {
      throw new NonRetryableError("never");
    }
  });

/** A client and a worker, and the gate open unless told otherwise. */
async function createScene({ isOpen = true, ...options }: RatchetOptions & { isOpen?: boolean } = {}) {
  gate = deferred();
  if (isOpen) {
    gate.resolve();
  }
  await bench.start({ definitions: { steps }, concurrency: 100 });
  const where = options.pool === undefined ? { connectionString: bench.database().url } : {};
  return createRatchet({ schemas: TEST_SCHEMAS, ...where, ...options });
}

/** The sessions that this file's clients have for listening. */
function listeners() {
  return bench.rows<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name in ('ratchet client', 'waiting test') and query ~* '^listen'`,
  );
}

describe("waiting ends with the job", () => {
  test("COMPLETED, with results as the types say", async () => {
    await using ratchet = await createScene();
    const job = await ratchet.add(steps, { names: ["a", "b"] });
    const done = await ratchet.waitFor(job);
    const { first, each, last } = done.results;
    expect(done.status).toBe("COMPLETED");
    expect([first?.at, each?.map((name) => name.length), last]).toStrictEqual([
      "1970-01-01T00:00:00.000Z",
      [1, 1],
      null,
    ]);
    expect(done.tasks.map(({ key, status, result }) => [key, status, result])).toStrictEqual([
      ["first", "COMPLETED", { at: "1970-01-01T00:00:00.000Z" }],
      ["each[1]", "COMPLETED", "A"],
      ["each[2]", "COMPLETED", "B"],
      ["last", "COMPLETED", null],
    ]);
    expect(done.finishedAt).toBeInstanceOf(Date);
  });

  test("FAILED for good, but not while it will be tried again", async () => {
    await using ratchet = await createScene();
    const [once, always] = await Promise.all([
      ratchet.add(steps, { names: ["fail once"] }),
      ratchet.add(steps, { names: ["fail"] }),
    ]);
    expect(await ratchet.waitFor(once.id)).toMatchObject({ status: "COMPLETED" });
    const failed = await ratchet.waitFor(always.id);
    expect(failed).toMatchObject({ status: "FAILED", nextAttemptAt: null, tasks: [{}, {}, { errorMessage: "never" }] });
    expect(Object.keys(failed.results)).toStrictEqual(["first", "each"]);
  });

  test("CANCELLED, and at once if it is over already", async () => {
    await using ratchet = await createScene({ isOpen: false });
    const job = await ratchet.add(steps, { names: [] }, { runAt: new Date("2040-01-01T00:00:00Z") });
    const waiting = ratchet.waitFor(job);
    await ratchet.cancel(job, { reason: "no longer wanted" });
    expect(await waiting).toMatchObject({ status: "CANCELLED", cancelReason: "no longer wanted" });
    expect(await ratchet.waitFor(job)).toMatchObject({ status: "CANCELLED" });
  });
});

describe("a job is heard of", () => {
  test("by its announcement, when a look at it is not due for an hour", async () => {
    await using ratchet = await createScene({ isOpen: false });
    const connections = createConnections({ connectionString: bench.database().url, schemas: TEST_SCHEMAS });
    const never = { slowPollMs: 3_600_000, fastPollMs: 3_600_000 };
    const waiters = createWaiters({ connections, schemas: TEST_SCHEMAS, isListening: true, ...never });
    const job = await ratchet.add(steps, { names: [] }, { tenant: "heard" });
    const waiting = waiters.wait(job.id, {});
    await waitUntil(async () => (await listeners()).length === 1, { what: "the listener" });
    gate.resolve();
    expect(await waiting).toMatchObject({ status: "COMPLETED" });
    await waiters.close();
    await connections.close();
  });

  test("by looking alone, where nothing can be heard", async () => {
    await using ratchet = await createScene({ listen: false });
    expect(await ratchet.waitFor(await ratchet.add(steps, { names: [] }))).toMatchObject({ status: "COMPLETED" });
    expect(await listeners()).toStrictEqual([]);
  });

  test("over a pool of one connection too, which listening would take away", async () => {
    const pool = asRawPool(bench.database().url);
    pool.options.max = 1;
    const ratchet = await createScene({ pool });
    expect(await ratchet.waitFor(await ratchet.add(steps, { names: [] }))).toMatchObject({ status: "COMPLETED" });
    await ratchet.close();
    await pool.end();
  });

  test.each([null, "default", "ratchet.jobs", "ü".repeat(30), "t".repeat(55), "t".repeat(56)])(
    "on the channel of SQL: %s",
    async (tenant) => {
      expect(channelOf(tenant, TEST_SCHEMAS)).toBe(await announcementChannel(bench.database().pool, tenant));
    },
  );
});

test("thousands wait over one connection, which goes back when nobody does", async () => {
  const pool = asRawPool(bench.database().url);
  pool.options.application_name = "waiting test";
  const ratchet = await createScene({ pool, isOpen: false });
  const jobs = await ratchet.addMany(
    steps,
    Array.from({ length: 300 }, (_, n) => ({ payload: { names: [] }, tenant: `tenant ${n % 3}` })),
  );
  const { signal } = new AbortController();
  const first = ratchet.waitFor(jobs[0]?.id ?? "", { signal });
  await waitUntil(async () => (await listeners()).length === 1, { what: "one listener" });
  const others = Promise.all(
    Array.from({ length: 3000 }, (_, n) => ratchet.waitFor(jobs[n % 300]?.id ?? "", { signal })),
  );
  await waitUntil(
    async () => (await bench.rows("select from pg_stat_activity where query ~* '^listen .*tenant [12]'")).length === 1,
    { what: "the listener to hear of the other tenants" },
  );
  expect(await listeners()).toHaveLength(1);
  gate.resolve();
  expect(new Set([await first, ...(await others)].map(({ status }) => status))).toStrictEqual(new Set(["COMPLETED"]));
  await waitUntil(() => pool.idleCount === pool.totalCount, { what: "the listener's connection to go back" });
  expect(await listeners()).toStrictEqual([]);
  await ratchet.close();
  await pool.end();
});

describe("waiting outlives", () => {
  test("the loss of the listener's connection and of all others", async () => {
    await using ratchet = await createScene({ isOpen: false });
    const job = await ratchet.add(steps, { names: [] });
    const waiting = ratchet.waitFor(job);
    const [before] = await waitUntil(async () => {
      const found = await listeners();
      return found.length === 1 ? found : null;
    });
    await bench.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ratchet client'",
    );
    await waitUntil(
      async () => {
        const [now] = await listeners();
        return now !== undefined && now.pid !== before?.pid;
      },
      { what: "a new listener" },
    );
    gate.resolve();
    expect(await waiting).toMatchObject({ status: "COMPLETED" });
  });

  test("a database that cannot be reached for a while", async () => {
    const proxy = await startProxy(bench.database().url);
    await using ratchet = await createScene({ connectionString: proxy.url });
    const job = await ratchet.add(steps, { names: [] });
    const cut = proxy.cutNext(
      "from ratchet.jobs j where j.id = any".replace("ratchet", TEST_SCHEMAS.ratchet),
      "before",
    );
    const waiting = ratchet.waitFor(job);
    await cut;
    expect(await waiting).toMatchObject({ status: "COMPLETED" });
    await proxy.close();
  });
});

describe("waiting ends early", () => {
  test.each(["0", "007", "x", "-1", "9223372036854775808", "4000000"])(
    "for a job that does not exist: %s",
    async (id) => {
      await using ratchet = await createScene();
      expect(await rejection(ratchet.waitFor(id))).toMatchObject({ code: "RT013", message: `There is no job ${id}.` });
    },
  );

  test("for a job that is deleted meanwhile", async () => {
    await using ratchet = await createScene({ listen: false });
    const job = await ratchet.add(steps, { names: [] }, { runAt: new Date("2040-01-01T00:00:00Z") });
    const waiting = rejection(ratchet.waitFor(job));
    // It has to be seen once, or it is simply unknown.
    expect(await rejection(ratchet.waitFor(job, { timeout: "200 ms" }))).toMatchObject({ code: "RT126" });
    await bench.rows("delete from ratchet.jobs where id = $1", [job.id]);
    expect(await waiting).toMatchObject({
      code: "RT013",
      message: `Job ${job.id} was deleted while it was waited for.`,
    });
  });

  test("by a time-out, by a signal, and by close", async () => {
    const ratchet = await createScene();
    const job = await ratchet.add(steps, { names: [] }, { runAt: new Date("2040-01-01T00:00:00Z") });
    expect(await rejection(ratchet.waitFor(job, { timeout: "300 ms" }))).toMatchObject({
      code: "RT126",
      message: `Job ${job.id} was not final after 0.3 s: it is PENDING.`,
    });
    const reason = new Error("the request is over");
    expect(await rejection(ratchet.waitFor(job, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    const aborted = rejection(ratchet.waitFor(job, { signal: controller.signal }));
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    const closed = rejection(ratchet.waitFor(job));
    await ratchet.close();
    expect(await closed).toMatchObject({ code: "RT127" });
    expect(await rejection(ratchet.waitFor(job))).toMatchObject({ code: "RT127" });
  });
});
