import { expect, test } from "vitest";

import { waitUntil } from "../support/waiting.ts";
import { createWorkerProcesses } from "./workerProcesses.ts";

const workers = createWorkerProcesses();

/** So long that only a notification or a nudge can be the reason that something runs. */
const NEVER_POLLS = { RATCHET_POLL_INTERVAL: "1 h" };

test("a named queue goes on when the worker that held it is killed: the job it ran, then the next, one at a time", async () => {
  workers.task(
    "serial",
    `export default defineJob().task("only", async ({ job }) => {
      note("begins " + job.id + " " + process.pid);
      while (!existsSync(new URL("../go", import.meta.url))) await pause(10);
      note("ends " + job.id + " " + process.pid);
    });`,
  );
  const both = [workers.start(NEVER_POLLS), workers.start(NEVER_POLLS)];
  for (const worker of both) {
    await worker.printed('"worker started"');
  }
  const jobIds = [];
  for (let n = 0; n < 3; n++) {
    jobIds.push(await workers.add("serial", {}, { queueName: "till" }));
  }
  const first = await waitUntil(() => workers.ledger()[0], { what: "the first job" });
  const pid = Number(first.split(" ")[2]);
  const left = both.find(({ child }) => child.pid !== pid)?.child.pid;
  await waitUntil(
    async () =>
      (
        await workers.rows<{ old: boolean }>(
          "select bool_and(started_at < clock_timestamp() - interval '11 s') as old from ratchet.workers",
        )
      )[0]?.old,
    { what: "workers that judge others" },
  );
  expect(workers.ledger()).toStrictEqual([first]);
  both.find(({ child }) => child.pid === pid)?.child.kill("SIGKILL");
  await waitUntil(() => workers.ledger().length > 1, { what: "a job of the queue elsewhere" });
  workers.touch("go");
  for (const id of jobIds) {
    expect((await workers.ended(id)).status).toBe("COMPLETED");
  }
  const steps = workers.ledger().slice(1);
  expect(steps.filter((_, index) => index % 2 === 0).map((line) => line.split(" ")[0])).toStrictEqual(
    Array.from({ length: 3 }, () => "begins"),
  );
  expect(new Set(steps.map((line) => line.split(" ")[2]))).toStrictEqual(new Set([`${left}`]));
  expect(await workers.rows("select * from ratchet.violations")).toStrictEqual([]);
}, 180_000);
