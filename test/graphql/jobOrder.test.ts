import { beforeAll, describe, expect, test } from "vitest";

import { addSingle, addWorker, checkpoint, claimOne, register, runJob, single } from "../sql/fixtures.ts";
import { useServer } from "./server.ts";

const bench = useServer();

const LIST = `query ($filter: JobFilter, $orderBy: [JobOrderBy!], $first: Int, $after: Cursor) {
  jobs(filter: $filter, orderBy: $orderBy, first: $first, after: $after) { totalCount nodes { id } pageInfo { endCursor } }
}`;

interface Jobs {
  readonly jobs: {
    readonly totalCount: number;
    readonly nodes: { id: string }[];
    readonly pageInfo: { endCursor: string };
  };
}

async function idsBy(orderBy: string, filter: object): Promise<string[]> {
  const { data, errors } = await bench.ask<Jobs>(LIST, { filter, orderBy: [orderBy] });
  expect(errors).toStrictEqual([]);
  expect(data.jobs.totalCount).toBe(data.jobs.nodes.length);
  return data.jobs.nodes.map(({ id }) => id);
}

const identifier = { equalTo: "single" };
let first: string;
let second: string;
let third: string;

beforeAll(async () => {
  await register(bench.sql, [single()]);
  const worker = await addWorker(bench.sql);
  const add = async (runAt?: string): Promise<string> => (await addSingle(bench.sql, { run_at: runAt })).id;
  first = await add();
  second = await add();
  third = await add();
  for (const id of [second, first, third]) {
    await runJob(bench.sql, worker, id);
  }
});

describe("of ended jobs of a definition", () => {
  const ended = { identifier, isFinal: true };

  test("FINISHED_AT orders by the end, page by page too", async () => {
    expect(await idsBy("FINISHED_AT_ASC", ended)).toStrictEqual([second, first, third]);
    expect(await idsBy("FINISHED_AT_DESC", ended)).toStrictEqual([third, first, second]);
    expect(await idsBy("FINISHED_AT_DESC", { identifier, finishedAt: { isNull: false } })).toHaveLength(3);
    const page = (after: string | null) =>
      bench.ask<Jobs>(LIST, { filter: ended, orderBy: ["FINISHED_AT_DESC"], first: 2, after });
    const { data } = await page(null);
    const next = await page(data.jobs.pageInfo.endCursor);
    expect(next.data.jobs.nodes).toStrictEqual([{ id: second }]);
  });

  test("jobs that ended at the same moment are in the order of their ids", async () => {
    await bench.sql.rows("update ratchet.jobs set finished_at = now() where id = any ($1)", [[first, third]]);
    expect(await idsBy("FINISHED_AT_DESC", ended)).toHaveLength(3);
  });
});

test("of unfinished jobs, RUN_AT and NEXT_ATTEMPT_AT say what comes next", async () => {
  const later = (await addSingle(bench.sql, { tenant: "next", run_at: "2099-01-02Z" })).id;
  const sooner = (await addSingle(bench.sql, { tenant: "next", run_at: "2099-01-01Z" })).id;
  const filter = { tenant: { equalTo: "next" }, isFinal: false };
  expect(await idsBy("RUN_AT_ASC", filter)).toStrictEqual([sooner, later]);
  const worker = await addWorker(bench.sql);
  const fail = async (minutes: number): Promise<string> => {
    const { id } = await addSingle(bench.sql, { tenant: "retried" });
    const { fence } = await claimOne(bench.sql, worker, id);
    await checkpoint(bench.sql.pool(), worker, [
      { job: id, position: 1, fence, kind: "F", failure: { error_message: "no", can_retry: true } },
    ]);
    await bench.sql.rows(
      "update ratchet.jobs set next_attempt_at = now() + make_interval(mins => $2::integer) where id = $1",
      [id, minutes],
    );
    return id;
  };
  const slow = await fail(9);
  const quick = await fail(3);
  const retried = { tenant: { equalTo: "retried" }, isFinal: false };
  expect(await idsBy("NEXT_ATTEMPT_AT_ASC", retried)).toStrictEqual([quick, slow]);
});

test.each([
  ["FINISHED_AT_DESC", undefined, "isFinal: true and identifier: { equalTo: … }"],
  ["FINISHED_AT_DESC", {}, "isFinal: true and identifier: { equalTo: … }"],
  ["FINISHED_AT_ASC", { isFinal: true }, "isFinal: true and identifier: { equalTo: … }"],
  ["FINISHED_AT_ASC", { identifier }, "isFinal: true and identifier: { equalTo: … }"],
  ["FINISHED_AT_DESC", { or: [{ isFinal: true, identifier }] }, "isFinal: true and identifier: { equalTo: … }"],
  ["RUN_AT_ASC", { isFinal: true }, "isFinal: false"],
  ["NEXT_ATTEMPT_AT_ASC", undefined, "isFinal: false"],
])("%s with the filter %j is refused", async (orderBy, filter, demand) => {
  const { errors } = await bench.ask(LIST, { filter, orderBy: [orderBy] });
  expect(errors).toMatchObject([
    {
      message: `Jobs can be ordered by ${orderBy} only with a filter that says ${demand}.`,
      extensions: { code: "RT006", hint: expect.stringContaining("Say so in the filter") },
    },
  ]);
});

test("an order in the document itself is refused as well", async () => {
  const { errors } = await bench.ask("{ jobs(orderBy: [FINISHED_AT_DESC]) { nodes { id } } }");
  expect(errors).toMatchObject([{ extensions: { code: "RT006" } }]);
});
