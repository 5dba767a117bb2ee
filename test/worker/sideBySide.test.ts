import { afterEach, beforeAll, expect, test } from "vitest";

import { addJob, readJob } from "../../src/database/calls/jobs.ts";
import { announcementChannel } from "../../src/database/calls/wakeUps.ts";
import { listen } from "../../src/database/listener.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { schemaNames } from "../../src/database/schemaNames.ts";
import { defineJob } from "../../src/definition/defineJob.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();
const OTHER = schemaNames({ ratchet: "other", graphileWorker: "other_queue" });

type Pool = ReturnType<typeof createPool>;
let ours: Pool;
let theirs: Pool;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  const { pool, url } = bench.database();
  ours = pool;
  theirs = createPool({ connectionString: url, schemas: OTHER });
  return () => theirs.end();
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A definition whose handlers tell who ran which job. */
function createDefinition(name: string, ran: string[]) {
  return defineJob()
    .task("one", ({ job }) => {
      ran.push(`${name} ${job.id} one`);
    })
    .task("two", { transaction: true }, async ({ job, client }) => {
      const { rows } = await client.query<{ text: string }>("select 'ratchet.jobs' as text");
      ran.push(`${name} ${job.id} two, which sees ${rows[0]?.text ?? ""}`);
    });
}

async function ended(pool: Pool, jobId: string): Promise<void> {
  await waitUntil(async () => ((await readJob(pool, jobId))?.finishedAt ?? null) !== null, { what: `job ${jobId}` });
}

async function hear(pool: Pool): Promise<string[]> {
  const heard: string[] = [];
  const channel = await announcementChannel(pool, "default");
  const listening = listen({
    connectionString: bench.database().url,
    channel,
    onNotification: (payload) => {
      heard.push(payload ?? "ready");
    },
  });
  closing.push(() => listening.close());
  await waitUntil(() => heard.includes("ready"));
  return heard;
}

test("two Ratchets in one database run jobs with the same identifiers, numbers and workers, and hear nothing of each other", async () => {
  const ran: string[] = [];
  const exitCode = process.exitCode;
  const worker = await bench.start({ definitions: { same: createDefinition("ours", ran) }, pollIntervalMs: 100 });
  // graphile-worker's notice of a breaking migration would end the pools of every schema.
  await migrate(theirs);
  const { workerId } = await bench.start({
    definitions: { same: createDefinition("theirs", ran) },
    schemas: OTHER,
    pollIntervalMs: 100,
  });
  expect(workerId).toBe(worker.workerId);

  const oursHeard = await hear(ours);
  const theirsHeard = await hear(theirs);
  const spec = { identifier: "same", payload: {}, jobKey: "same" };
  const [one, other] = [await addJob(ours, spec), await addJob(theirs, spec)];
  const more = await addJob(theirs, { identifier: "same", payload: {} });
  expect([one, other, more]).toStrictEqual(["1", "1", "2"]);
  await Promise.all([ended(ours, one), ended(theirs, other), ended(theirs, more)]);
  expect(ran.toSorted()).toStrictEqual([
    "ours 1 one",
    "ours 1 two, which sees ratchet.jobs",
    "theirs 1 one",
    "theirs 1 two, which sees ratchet.jobs",
    "theirs 2 one",
    "theirs 2 two, which sees ratchet.jobs",
  ]);

  await waitUntil(() => theirsHeard.some((payload) => payload.includes('"2"')), { what: "their announcement" });
  await waitUntil(() => oursHeard.some((payload) => payload.includes('"1"')), { what: "our announcement" });
  expect(oursHeard.filter((payload) => payload.includes('"2"'))).toStrictEqual([]);
  expect(worker.seen("runner.restarted")).toStrictEqual([]);
  expect(process.exitCode).toBe(exitCode);
  for (const pool of [ours, theirs]) {
    expect((await pool.query("select * from ratchet.violations")).rows).toStrictEqual([]);
  }
});

test("the end of one's worker frees nothing of the other's worker with the same number", async () => {
  const noop = defineJob().task("only", () => {});
  const isLocked = async (pool: Pool, id: number): Promise<boolean | undefined> =>
    (await pool.query<{ locked: boolean }>("select ratchet_private.is_worker_locked($1::int) as locked", [id])).rows[0]
      ?.locked;
  const worker = await bench.start({ definitions: { noop } });
  const other = await bench.start({ definitions: { noop }, schemas: OTHER });
  expect(other.workerId).toBe(worker.workerId);
  expect([await isLocked(ours, worker.workerId), await isLocked(theirs, other.workerId)]).toStrictEqual([true, true]);
  await other.stop();
  // The server may take a moment to notice that the connection has ended.
  await waitUntil(async () => (await isLocked(theirs, other.workerId)) === false, { what: "their lock to be free" });
  expect(await isLocked(ours, worker.workerId)).toBe(true);
});
