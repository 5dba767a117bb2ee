import { describe, expect, test } from "vitest";

import {
  addPublish,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  errorOf,
  type Job,
  readWakeUps,
  type Task,
  useSql,
} from "./fixtures.ts";

const sql = useSql();

const createJob = (identifier: unknown, payload: unknown, tenant: unknown = "default"): Promise<Job> =>
  sql.row<Job>("select * from ratchet_private.create_job($1, $2, $3)", [
    identifier,
    payload === undefined ? null : JSON.stringify(payload),
    tenant,
  ]);
const createTasks = (job: string, names: unknown): Promise<Task[]> =>
  sql.rows<Task>("select * from ratchet_private.create_tasks($1, $2)", [job, names]);

describe("a job outside the queue", () => {
  test("has no version, no wake-up and the plan it is given", async () => {
    const job = await createJob("own", { n: 1 }, "acme");
    expect(job).toMatchObject({
      identifier: "own",
      version: null,
      tenant: "acme",
      status: "PENDING",
      payload: { n: 1 },
    });
    expect(await createTasks(job.id, ["b", "a"])).toMatchObject([
      { job_id: job.id, position: 1, key: "b", template: "b", name: "b", status: "PENDING" },
      { job_id: job.id, position: 2, key: "a", template: "a", name: "a", status: "PENDING" },
    ]);
    expect(await readWakeUps(sql, job.id)).toStrictEqual([]);
  });

  test.each([
    {
      title: "a payload that is an array",
      payload: [],
      code: "RT002",
      message: 'The payload of "own" must be a JSON object and is array.',
    },
    {
      title: "no payload",
      payload: undefined,
      code: "RT002",
      message: 'The payload of "own" must be a JSON object and is null.',
    },
    {
      title: "no identifier",
      identifier: null,
      code: "RT006",
      message: "The identifier must have 1 to 128 characters.",
    },
    { title: "an empty tenant", tenant: "", code: "RT006", message: "tenant must have 1 to 128 characters." },
  ])("is refused with $title", async ({ code, message, ...given }) => {
    const { identifier, payload, tenant } = { identifier: "own", payload: {}, tenant: "default", ...given };
    expect(await errorOf(createJob(identifier, payload, tenant))).toMatchObject({ code, message });
  });

  test("is refused a plan that is empty, too long, nameless, doubled or made twice", async () => {
    const { id } = await createJob("own", {});
    const long = Array.from({ length: 10_001 }, (_, n) => `${n}`);
    expect(await errorOf(createTasks("987654321", ["a"]))).toMatchObject({
      code: "RT013",
      message: "There is no job 987654321.",
    });
    expect(await errorOf(createTasks(id, []))).toMatchObject({ code: "RT004" });
    expect(await errorOf(createTasks(id, null))).toMatchObject({ code: "RT004" });
    expect(await errorOf(createTasks(id, long))).toMatchObject({
      code: "RT005",
      message: `The plan of job ${id} would have 10001 tasks; 10000 is the most.`,
    });
    expect(await errorOf(createTasks(id, ["a", null]))).toMatchObject({
      code: "RT006",
      message: `A task of job ${id} has no name.`,
    });
    expect(await errorOf(createTasks(id, ["a", "b", "a"]))).toMatchObject({
      code: "RT014",
      message: 'The task "a" is named twice.',
    });
    expect(await createTasks(id, long.slice(1))).toHaveLength(10_000);
    expect(await errorOf(createTasks(id, ["a"]))).toMatchObject({
      code: "RT015",
      message: `Job ${id} has its plan already.`,
    });
  });
});

test("read_results gives the results of one template before a position, in order, null where there is none", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, ["a", "b"]);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind: "C" }]);
  const read = (template: string, before: number): Promise<unknown> =>
    sql.rows("select * from ratchet_private.read_results($1, $2, $3)", [id, template, before]);
  expect(await read("upload", 4)).toStrictEqual([
    { plan_position: 2, result: "2" },
    { plan_position: 3, result: null },
  ]);
  expect(await read("upload", 3)).toStrictEqual([{ plan_position: 2, result: "2" }]);
  expect(await read("nobody", 4)).toStrictEqual([]);
});

test("task_end tells whether a task is COMPLETED under this very claim", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, []);
  const { fence } = await claimOne(sql, worker, id);
  const isEnded = (position: number, by: number): Promise<boolean | null> =>
    sql.value("select ratchet_private.task_end($1, $2, $3)", [id, position, by]);
  expect(await isEnded(1, fence)).toBe(false);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  expect(await isEnded(1, fence)).toBe(true);
  expect(await isEnded(1, fence + 1)).toBe(false);
  expect(await isEnded(9, fence)).toBeNull();
});
