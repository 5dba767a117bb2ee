import { expect, test } from "vitest";

import type { RunningCommand } from "../support/command.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerProcesses } from "./workerProcesses.ts";

const workers = createWorkerProcesses();
const WORKERS = 4;

/** Tasks of random length, each of which writes a line outside Ratchet when it begins and when it ends. */
const STEPS = `const step = async ({ job, task, payload }: any) => {
  note("begins " + job.id + " " + task.key);
  await pause(payload.ms[task.position - 1]);
  note("ends " + job.id + " " + task.key);
};
export default defineJob().task("one", step).task("two", step).task("three", step);`;
/** A version that does more, another way round. */
const CHANGED_STEPS = STEPS.replace('.task("two", step)', '.task("inserted", step).task("second", step)').replace(
  '"begins "',
  '"new begins "',
);

async function started(worker: RunningCommand): Promise<RunningCommand> {
  await worker.printed('"worker started"');
  return worker;
}

/** Adds jobs, never so many that they pile up, until it is told to end. */
function keepAdding(identifier: string) {
  const jobIds: string[] = [];
  const over = new AbortController();

  async function hasRoom(): Promise<boolean> {
    const unfinished = await workers.rows("select 1 from ratchet.jobs where finished_at is null limit 60");
    return over.signal.aborted || unfinished.length < 60;
  }

  async function add(): Promise<void> {
    while (!over.signal.aborted) {
      const ms = Array.from({ length: 4 }, () => Math.round(Math.random() * 150));
      jobIds.push(...(await Promise.all(Array.from({ length: 5 }, () => workers.add(identifier, { ms })))));
      await waitUntil(hasRoom, { what: "fewer unfinished jobs" });
    }
  }
  const adding = add();
  // Told by whoever ends it.
  adding.catch(() => {});
  return async (): Promise<string[]> => {
    over.abort();
    await adding;
    return jobIds;
  };
}

async function allEnded(): Promise<void> {
  await waitUntil(
    async () => (await workers.rows("select 1 from ratchet.jobs where finished_at is null limit 1")).length === 0,
    { what: "the end of every job" },
  );
}

/** SIGTERM to one after another; for each a new one is started before the next has to go. */
async function restartAll(
  old: readonly RunningCommand[],
  start: () => RunningCommand,
): Promise<(number | NodeJS.Signals)[]> {
  const exits: (number | NodeJS.Signals)[] = [];
  for (const worker of old) {
    worker.child.kill("SIGTERM");
    await started(start());
    exits.push(await worker.ended);
  }
  return exits;
}

/** What stands in the database when nothing was lost, repeated or counted. */
const TROUBLE = `select
  (select count(*)::int from ratchet.jobs where status <> 'COMPLETED') as "notCompleted",
  (select count(*)::int from ratchet.tasks where status <> 'COMPLETED' or attempts <> 1 or deaths > 0) as "notAtOnce",
  (select count(*)::int from ratchet.task_failures) as failures,
  (select count(*)::int from ratchet.violations) as violations`;
const NONE = { notCompleted: 0, notAtOnce: 0, failures: 0, violations: 0 };

test("a rolling restart of four workers under load loses nothing and runs nothing twice", async () => {
  workers.task("steps", STEPS);
  const first = await Promise.all(Array.from({ length: WORKERS }, () => started(workers.start())));
  const stopAdding = keepAdding("steps");
  expect(await restartAll(first, () => workers.start())).toStrictEqual([0, 0, 0, 0]);
  const jobIds = await stopAdding();
  await allEnded();

  expect(await workers.rows(TROUBLE)).toStrictEqual([NONE]);
  const expected = jobIds.flatMap((jobId) =>
    ["one", "two", "three"].flatMap((task) => [`begins ${jobId} ${task}`, `ends ${jobId} ${task}`]),
  );
  expect(jobIds.length).toBeGreaterThan(50);
  expect(workers.ledger().toSorted()).toStrictEqual(expected.toSorted());
}, 240_000);

test("a rolling change of version under load: each job is run to its end by code that knows its plan", async () => {
  workers.task("steps", STEPS);
  workers.task("steps", CHANGED_STEPS, "new-tasks");
  const old = await Promise.all(Array.from({ length: WORKERS }, () => started(workers.start())));
  const stopAdding = keepAdding("steps");
  const [last, ...others] = old;
  const startNew = (): RunningCommand => workers.start({}, { version: "new-tasks" });
  expect(await restartAll(others, startNew)).toStrictEqual([0, 0, 0]);
  const jobIds = await stopAdding();
  // One of the old workers stays until the jobs of its version have ended.
  await allEnded();
  last?.child.kill("SIGTERM");
  expect(await last?.ended).toBe(0);

  expect(await workers.rows(TROUBLE)).toStrictEqual([NONE]);
  const plans = await workers.rows<{ id: string; keys: string[] }>(
    "select job_id::text as id, array_agg(key order by position) as keys from ratchet.tasks group by job_id order by job_id",
  );
  expect(plans.map(({ id }) => id).toSorted()).toStrictEqual(jobIds.toSorted());
  const expected = plans.flatMap(({ id, keys }) =>
    keys.flatMap((key) => [`${keys.length === 4 ? "new begins" : "begins"} ${id} ${key}`, `ends ${id} ${key}`]),
  );
  expect(new Set(plans.map(({ keys }) => keys.length))).toStrictEqual(new Set([3, 4]));
  expect(workers.ledger().toSorted()).toStrictEqual(expected.toSorted());
}, 240_000);
