import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { addPublish, addSingle, addWorker, runJob } from "../sql/fixtures.ts";
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
