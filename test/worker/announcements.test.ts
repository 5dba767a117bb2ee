import pg from "pg";
import { afterEach, expect, test } from "vitest";

import { announcementChannel } from "../../src/database/calls/wakeUps.ts";
import { defineJob } from "../../src/index.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();
const clients: pg.Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

/** What is announced to a tenant, as it comes. */
async function hear(tenant: string): Promise<{ jobs?: string[]; many?: boolean }[]> {
  const client = new pg.Client({ connectionString: bench.database().url });
  clients.push(client);
  const heard: { jobs?: string[]; many?: boolean }[] = [];
  client.on("notification", ({ payload }) => {
    heard.push(JSON.parse(payload ?? "") as { jobs?: string[] });
  });
  await client.connect();
  const channel = await announcementChannel(bench.database().pool, tenant);
  await client.query(`listen ${client.escapeIdentifier(channel)}`);
  return heard;
}

const steps = defineJob()
  .task("one", () => {})
  .task("two", () => {})
  .task("three", () => {});

test("listeners of a tenant hear of its jobs, the last change included, and of nobody else's", async () => {
  await bench.start({ definitions: { steps } });
  const [ours, theirs] = [await hear("acme"), await hear("rival")];
  const jobId = await bench.add("steps", {}, { tenant: "acme" });
  const other = await bench.add("steps", {}, { tenant: "rival" });
  await bench.ended(jobId);
  await bench.ended(other);
  await waitUntil(() => ours.flatMap(({ jobs = [] }) => jobs).includes(jobId), { what: "an announcement" });
  await waitUntil(() => theirs.flatMap(({ jobs = [] }) => jobs).includes(other), { what: "an announcement" });
  expect(new Set(ours.flatMap(({ jobs = [] }) => jobs))).toStrictEqual(new Set([jobId]));
  expect(new Set(theirs.flatMap(({ jobs = [] }) => jobs))).toStrictEqual(new Set([other]));
});

test("changes of many jobs are announced together, at most 20 times a second", async () => {
  const worker = await bench.start({ definitions: { steps }, concurrency: 50 });
  const heard = await hear("default");
  const startedAt = performance.now();
  const jobIds = await bench.addMany("steps", 200);
  await bench.allEnded(jobIds);
  await worker.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  await waitUntil(
    () => {
      const told = new Set(heard.flatMap(({ jobs = [] }) => jobs));
      return jobIds.every((jobId) => told.has(jobId));
    },
    { what: "every job in an announcement" },
  );
  expect(heard.length).toBeLessThanOrEqual(Math.ceil(seconds * 20) + 1);
});
