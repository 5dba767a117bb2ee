import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { addPublish, addSingle, addWorker, checkpoint, claimOne, runJob } from "../sql/fixtures.ts";
import { cancel } from "../sql/orders.ts";
import type { RunningServer } from "../../src/http/startServer.ts";
import { ask, useServer } from "./server.ts";

const bench = useServer();

const IDS = "query ($filter: JobFilter!) { jobs(filter: $filter, orderBy: ID_ASC) { nodes { id } } }";

async function idsOf(filter: unknown, server = bench.server()): Promise<string[]> {
  const { data, errors } = await ask<{ jobs: { nodes: { id: string }[] } }>(server, IDS, { filter });
  expect(errors).toStrictEqual([]);
  return data.jobs.nodes.map(({ id }) => id);
}

describe("isFinal and status", () => {
  const tenant = { equalTo: "finality" };
  let pending: string;
  let completed: string;
  let cancelled: string;

  beforeAll(async () => {
    const given = { tenant: tenant.equalTo };
    pending = (await addSingle(bench.sql, given)).id;
    completed = (await addSingle(bench.sql, given)).id;
    cancelled = (await addSingle(bench.sql, given)).id;
    await runJob(bench.sql, await addWorker(bench.sql), completed);
    await cancel(bench.sql.pool(), cancelled);
  });

  test("isFinal alone, and under not and or", async () => {
    expect(await idsOf({ tenant, isFinal: true })).toStrictEqual([completed, cancelled]);
    expect(await idsOf({ tenant, isFinal: false })).toStrictEqual([pending]);
    expect(await idsOf({ tenant, not: { isFinal: true } })).toStrictEqual([pending]);
    const or = [{ isFinal: false }, { status: { equalTo: "CANCELLED" } }];
    expect(await idsOf({ tenant, or })).toStrictEqual([pending, cancelled]);
  });

  test("null is an error, as in every filter", async () => {
    for (const filter of [{ isFinal: null }, { status: null }]) {
      const { errors } = await bench.ask(IDS, { filter });
      expect(errors).toMatchObject([{ message: expect.stringContaining("A filter holds null") }]);
    }
  });

  test("statuses of jobs that have not ended find them, alone, with others, and under not", async () => {
    expect(await idsOf({ tenant, status: { equalTo: "PENDING" } })).toStrictEqual([pending]);
    expect(await idsOf({ tenant, status: { in: ["PENDING", "RUNNING"] } })).toStrictEqual([pending]);
    expect(await idsOf({ tenant, status: { in: ["PENDING", "CANCELLED"] } })).toStrictEqual([pending, cancelled]);
    expect(await idsOf({ tenant, not: { status: { equalTo: "PENDING" } } })).toStrictEqual([completed, cancelled]);
    expect(await idsOf({ tenant, status: { in: [] } })).toStrictEqual([]);
  });
});

describe("payloadContains", () => {
  let server: RunningServer;

  beforeAll(async () => {
    await bench.sql.rows("create index jobs_payload on ratchet.jobs using gin (payload jsonb_path_ops)");
    server = await bench.start();
    await server.ready;
  });

  afterAll(() => bench.sql.rows("drop index ratchet.jobs_payload"));

  test("is there only with an index on payloads", async () => {
    const fields = '{ __type(name: "JobFilter") { inputFields { name } } }';
    expect(JSON.stringify(await bench.ask(fields))).not.toContain("payloadContains");
    expect(JSON.stringify(await ask(server, fields))).toContain("payloadContains");
  });

  test("finds jobs by what their payload holds, whatever that is", async () => {
    const text = String.raw`'"\ü; drop`;
    const { id } = await addPublish(bench.sql, [text, "b"]);
    await addPublish(bench.sql, ["other"]);
    expect(await idsOf({ payloadContains: { images: [text] } }, server)).toStrictEqual([id]);
    expect(await idsOf({ payloadContains: { images: [text, "other"] } }, server)).toStrictEqual([]);
    expect(await idsOf({ payloadContains: { images: [] }, id: { equalTo: id } }, server)).toStrictEqual([id]);
  });

  test.each([
    [{}, "payloadContains must be an object with at least one field."],
    [[1], "payloadContains must be an object with at least one field."],
    ["text", "payloadContains must be an object with at least one field."],
    [null, "A filter holds null"],
  ])("%j is refused", async (payloadContains, message) => {
    const { errors } = await ask(server, IDS, { filter: { payloadContains } });
    expect(errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code: "RT006" } }]);
  });

  test("what more than 10,000 jobs hold is refused", async () => {
    await bench.sql.rows(
      `insert into ratchet.jobs (identifier, run_at, created_at, payload)
       select 'by hand', now(), now(), '{"colour": "red"}' from generate_series(1, 10001)`,
    );
    const { errors } = await ask(server, IDS, { filter: { payloadContains: { colour: "red" } } });
    expect(errors).toMatchObject([{ message: "The payloads of more than 10000 jobs hold this." }]);
    await bench.sql.rows("delete from ratchet.jobs where identifier = 'by hand'");
  });
});

describe("search", () => {
  const tenant = { equalTo: "searched" };
  const given = { tenant: tenant.equalTo };
  const idsWith = (search: string, more: object = {}): Promise<string[]> => idsOf({ tenant, search, ...more });

  test("finds a text, in capitals or not, wherever people would look for it", async () => {
    const keyed = (await addSingle(bench.sql, { ...given, job_key: "listing:Jacket 100%" })).id;
    const loaded = (await addSingle(bench.sql, { ...given, payload: { sku: "JACKET_1" } })).id;
    const stopped = (await addSingle(bench.sql, given)).id;
    await cancel(bench.sql.pool(), stopped, "no jacket left");
    expect(await idsWith("jacket")).toStrictEqual([keyed, loaded, stopped]);
    expect(await idsWith("jacket", { isFinal: true })).toStrictEqual([stopped]);
    expect(await idsWith("jacket", { status: { equalTo: "PENDING" } })).toStrictEqual([keyed, loaded]);
    expect(await idsWith("jacket", { not: { status: { equalTo: "PENDING" } } })).toStrictEqual([stopped]);
    expect(await idsOf({ tenant, or: [{ search: "JACKET_" }, { search: "left" }] })).toStrictEqual([loaded, stopped]);
    expect(await idsWith(loaded)).toContain(loaded);
    expect(await idsWith("single")).toStrictEqual([keyed, loaded, stopped]);
    expect(await idsWith("trousers")).toStrictEqual([]);
  });

  test("wildcards and quotes are what they are", async () => {
    const odd = (await addSingle(bench.sql, { ...given, job_key: String.raw`50% of_'"\ü` })).id;
    expect(await idsWith("50%")).toStrictEqual([odd]);
    expect(await idsWith("of_'")).toStrictEqual([odd]);
    expect(await idsWith(String.raw`'"\Ü`)).toStrictEqual([odd]);
    expect(await idsWith("5%")).toStrictEqual([]);
    expect(await idsWith("o_f")).toStrictEqual([]);
  });

  test("finds the error of the task that failed", async () => {
    const { id } = await addSingle(bench.sql, { ...given, max_attempts: 1 });
    const worker = await addWorker(bench.sql);
    const { fence } = await claimOne(bench.sql, worker, id);
    const failure = { error_message: "Socket hung up", can_retry: false };
    await checkpoint(bench.sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F", failure }]);
    expect(await idsWith("socket HUNG")).toStrictEqual([id]);
  });

  test("looks at the newest 20,000 of what the conditions beside it leave", async () => {
    const { id } = await addSingle(bench.sql, { ...given, identifier: "publish", payload: { images: ["far down"] } });
    await bench.sql.rows(
      `insert into ratchet.jobs (identifier, tenant, run_at, created_at, payload)
       select 'by hand', $1, now(), now(), '{}' from generate_series(1, 20000)`,
      [tenant.equalTo],
    );
    expect(await idsWith("far down")).toStrictEqual([]);
    expect(await idsWith("far down", { identifier: { equalTo: "publish" } })).toStrictEqual([id]);
    expect(await idsWith(id)).toStrictEqual([id]);
    const { data } = await bench.ask("query ($filter: JobFilter!) { jobs(filter: $filter) { totalCount } }", {
      filter: { tenant, search: "by hand" },
    });
    expect(data).toStrictEqual({ jobs: { totalCount: 20_000 } });
    await bench.sql.rows("delete from ratchet.jobs where identifier = 'by hand'");
  });

  test.each([
    [null, "A filter holds null"],
    ["", "search must be a text of 1 to 1000 characters."],
    ["x".repeat(1001), "search must be a text of 1 to 1000 characters."],
  ])("%j is refused", async (search, message) => {
    const { errors } = await bench.ask(IDS, { filter: { search } });
    expect(errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code: "RT006" } }]);
  });
});
