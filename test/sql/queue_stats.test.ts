import { expect, test } from "vitest";

import { addJob, addWorker, checkpoint, claim, errorOf, register, single, useSql } from "./fixtures.ts";
import { cancel } from "./orders.ts";

const sql = useSql();

const NOTHING = {
  scheduled: 0,
  waiting: 0,
  running: 0,
  will_retry: 0,
  without_worker: 0,
  oldest_wait_seconds: null,
  completed: 0,
  failed_for_good: 0,
  cancelled: 0,
  ends_per_minute: 0,
};

interface Given {
  readonly minutes?: number;
  readonly tenant?: string;
}

async function statsOf(identifier: string, { minutes = 60, tenant }: Given = {}): Promise<unknown> {
  const rows = await sql.rows<{ identifier: string }>("select * from ratchet.queue_stats($1, $2)", [
    minutes,
    tenant ?? null,
  ]);
  expect(rows.map((row) => row.identifier)).toStrictEqual(rows.map((row) => row.identifier).toSorted());
  return rows.find((row) => row.identifier === identifier);
}

/** A definition of its own, and what claims and ends its jobs. */
async function ownQueue(identifier: string) {
  await register(sql, [single({ identifier, version: identifier })]);
  const worker = await addWorker(sql, [identifier]);
  const add = async (given: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    (await addJob(sql.pool(), { identifier, ...given })).id;
  const start = async (id: string): Promise<number> => {
    const [claimed] = await claim(sql.pool(), worker, [id], { versions: [identifier] });
    return claimed?.fence ?? -1;
  };
  return {
    add,
    start,
    async end(kind: "C" | "F", failure: Readonly<Record<string, unknown>> = {}, given = {}): Promise<string> {
      const id = await add(given);
      await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence: await start(id), kind, failure }]);
      return id;
    },
  };
}

test("a definition without a job has a row of nothing", async () => {
  await ownQueue("idle");
  expect(await statsOf("idle")).toStrictEqual({ identifier: "idle", ...NOTHING });
});

test("what stands still, runs, failed and ended is counted where it belongs", async () => {
  const queue = await ownQueue("busy");
  await queue.add({ run_at: "2099-01-01Z" });
  const oldest = await queue.add();
  await queue.add();
  await queue.start(await queue.add());
  await queue.end("F", { can_retry: true });
  await queue.end("F", { can_retry: false });
  await queue.end("C");
  await queue.end("C");
  await cancel(sql.pool(), await queue.add());
  await sql.rows("update ratchet.jobs set run_at = run_at - interval '90 s' where id = $1", [oldest]);
  const stats = await statsOf("busy", { minutes: 10 });
  expect(stats).toStrictEqual({
    identifier: "busy",
    scheduled: 1,
    waiting: 2,
    running: 1,
    will_retry: 1,
    without_worker: 0,
    oldest_wait_seconds: expect.any(Number),
    completed: 2,
    failed_for_good: 1,
    cancelled: 1,
    ends_per_minute: 0.4,
  });
  expect(Math.floor((stats as { oldest_wait_seconds: number }).oldest_wait_seconds / 90)).toBe(1);
});

test("ends before the period are not counted", async () => {
  const queue = await ownQueue("earlier");
  const id = await queue.end("C");
  await sql.rows("update ratchet.jobs set finished_at = finished_at - interval '2 h' where id = $1", [id]);
  expect(await statsOf("earlier", { minutes: 60 })).toMatchObject({ completed: 0, ends_per_minute: 0 });
  expect(await statsOf("earlier", { minutes: 180 })).toMatchObject({ completed: 1 });
});

test("of one tenant alone, or of all", async () => {
  const queue = await ownQueue("shared");
  await queue.add({ tenant: "acme" });
  await queue.end("C", {}, { tenant: "acme" });
  await queue.add({ tenant: "other" });
  expect(await statsOf("shared", { tenant: "acme" })).toMatchObject({ waiting: 1, completed: 1 });
  expect(await statsOf("shared", { tenant: "other" })).toMatchObject({ waiting: 1, completed: 0 });
  expect(await statsOf("shared")).toMatchObject({ waiting: 2, completed: 1 });
});

test("a job that is due for its next try waits, and is counted as failed", async () => {
  const queue = await ownQueue("due");
  const id = await queue.end("F", { can_retry: true });
  await sql.rows("update ratchet.jobs set next_attempt_at = now() - interval '1 min' where id = $1", [id]);
  expect(await statsOf("due")).toMatchObject({
    will_retry: 1,
    waiting: 0,
    oldest_wait_seconds: expect.any(Number),
  });
});

test("an identifier without a definition is there while it has an unfinished job, which waits for nobody", async () => {
  await sql.rows("select ratchet_private.create_job('by hand', '{}', 'default')");
  expect(await statsOf("by hand")).toMatchObject({ waiting: 1, oldest_wait_seconds: null });
});

test.each([0, 1441, null])("%s minutes are refused", async (minutes) => {
  expect(await errorOf(sql.rows("select * from ratchet.queue_stats($1)", [minutes]))).toMatchObject({
    code: "RT006",
    message: `minutes must be from 1 to 1440 and is ${minutes}.`,
  });
});

test("what is due and has no live worker with its version, whatever others have; retries too", async () => {
  const queue = await ownQueue("stranded");
  const id = await queue.end("F", { can_retry: true });
  await sql.rows("update ratchet.jobs set next_attempt_at = now() - interval '1 min' where id = $1", [id]);
  await queue.add();
  await queue.add({ run_at: "2099-01-01Z" });
  await queue.start(await queue.add());
  expect(await statsOf("stranded")).toMatchObject({ without_worker: 0 });
  await sql.rows("update ratchet.workers set stopped_at = now() where known_versions = '{stranded}'");
  expect(await statsOf("stranded")).toMatchObject({ waiting: 1, without_worker: 2 });
  await register(sql, [single({ identifier: "stranded", version: "newer" })]);
  await addWorker(sql, ["newer"]);
  expect(await statsOf("stranded")).toMatchObject({ waiting: 1, without_worker: 2 });
  await queue.add();
  expect(await statsOf("stranded")).toMatchObject({ waiting: 2, without_worker: 2 });
});
