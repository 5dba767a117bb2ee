import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { RunningServer } from "../../src/http/startServer.ts";
import { addSingle, readJob, register, single, withSession } from "../sql/fixtures.ts";
import { addFailed, auditOf } from "../sql/orders.ts";
import { TEST_TOKENS, useServer } from "./server.ts";

const bench = useServer({ tokens: TEST_TOKENS });
const OPERATOR = { ratchet_role: "operator", ratchet_tenant: "A", sub: "olivia" };
const VIEWER = { ratchet_role: "viewer", ratchet_tenant: "A" };
const ENQUEUER = { ratchet_role: "enqueuer", ratchet_tenant: "A" };

describe("an operator", () => {
  test("orders about jobs of its tenant, under its own name", async () => {
    const { id } = await addSingle(bench.sql, { tenant: "A" });
    const { errors } = await bench.askAs(
      OPERATOR,
      `mutation { cancelJob(input: { jobId: ${id} }) { job { status } } }`,
    );
    expect(errors).toStrictEqual([]);
    expect(await auditOf(bench.sql, id)).toMatchObject([{ actor: "olivia", action: "cancel", tenant: "A" }]);
  });

  test("meets no job of another tenant, by its id or by a filter", async () => {
    const { id } = await addSingle(bench.sql, { tenant: "B" });
    const one = await bench.askAs(
      OPERATOR,
      `mutation { rescheduleJob(input: { jobId: ${id}, priority: 1 }) { job { id } } }`,
    );
    expect(one.errors).toMatchObject([{ message: `There is no job ${id}.`, extensions: { code: "RT013" } }]);
    const many = "outcome { matched done refusals { code } }";
    for (const which of [`ids: [${id}]`, 'tenant: "B"', 'identifier: "single", tenant: "B", dryRun: true']) {
      const answer = await bench.askAs(OPERATOR, `mutation { cancelJobs(input: { ${which} }) { ${many} } }`);
      expect(answer).toMatchObject({
        errors: [],
        data: { cancelJobs: { outcome: { matched: 0, done: 0, refusals: [] } } },
      });
    }
    expect(await readJob(bench.sql, id)).toMatchObject({ status: "PENDING", priority: 0 });
    expect(await auditOf(bench.sql, id)).toStrictEqual([]);
  });

  test("counts its own jobs alone", async () => {
    await addSingle(bench.sql, { tenant: "B" });
    const { data } = await bench.askAs<{ queueStats: { waiting: number }[] }>(
      OPERATOR,
      '{ queueStats(tenant: "B") { identifier waiting running completed } }',
    );
    expect(data.queueStats.map(({ waiting }) => waiting)).toStrictEqual(data.queueStats.map(() => 0));
  });
});

test("a viewer orders nothing, and sees statistics", async () => {
  const { id } = await addFailed(bench.sql);
  for (const order of [
    `cancelJob(input: { jobId: ${id} }) { job { id } }`,
    `retryJobs(input: { identifier: "publish" }) { outcome { done } }`,
    `addJob(input: { identifier: "single" }) { job { id } }`,
  ]) {
    expect((await bench.askAs(VIEWER, `mutation { ${order} }`)).errors).toMatchObject([
      { extensions: { code: "RT154" } },
    ]);
  }
  expect((await bench.askAs(VIEWER, "{ queueStats { waiting } }")).errors).toStrictEqual([]);
});

test("an enqueuer adds jobs, and is told of each wrong field, though it may not read definitions", async () => {
  await register(bench.sql, [
    single({ identifier: "strict", version: "1", payload_schema: { type: "object", required: ["title"] } }),
  ]);
  const wrong = await bench.askAs(ENQUEUER, 'mutation { addJob(input: { identifier: "strict" }) { job { id } } }');
  expect(wrong.errors).toMatchObject([
    { extensions: { code: "RT118", issues: [{ path: "title", message: "is missing" }] } },
  ]);
  const right = await bench.askAs<{ addJob: { job: { id: string } } }>(
    ENQUEUER,
    'mutation { addJob(input: { identifier: "strict", payload: { title: "x" } }) { job { id tenant } } }',
  );
  expect(right).toMatchObject({ errors: [], data: { addJob: { job: { tenant: "A" } } } });
});

describe("payloadContains", () => {
  let server: RunningServer;
  const query = 'query { jobs(filter: { payloadContains: { colour: "red" } }) { nodes { id } } }';

  beforeAll(async () => {
    await bench.sql.rows("create index jobs_payload on ratchet.jobs using gin (payload)");
    server = await bench.start();
    await server.ready;
    await register(bench.sql, [single({ identifier: "hidden", version: "h1" })]);
    await bench.sql.rows("update ratchet.definitions set hide_payloads = true where identifier = 'hidden'");
  });

  afterAll(() => bench.sql.rows("drop index ratchet.jobs_payload"));

  test("finds jobs of one's tenant alone, and for viewers none whose payload they may not see", async () => {
    const payload = { colour: "red" };
    const { id } = await addSingle(bench.sql, { tenant: "A", payload });
    const { id: hidden } = await addSingle(bench.sql, { tenant: "A", payload, identifier: "hidden" });
    await addSingle(bench.sql, { tenant: "B", payload });
    // By itself, too: row security of the list would hide what it gives away.
    await withSession(bench.sql, async (session) => {
      await session.query("begin; set local role ratchet_viewer; set local ratchet.tenant = 'A'");
      const { rows } = await session.query<{ ids: string[] }>(
        `select ratchet_private.jobs_with_payload('{"colour": "red"}') as ids`,
      );
      expect(rows[0]?.ids).toStrictEqual([id]);
    });
    const found = { data: { jobs: { nodes: [{ id }] } }, errors: [] };
    expect(await bench.askAs(VIEWER, query, {}, server)).toMatchObject(found);
    expect(await bench.askAs(OPERATOR, query, {}, server)).toMatchObject({
      data: { jobs: { nodes: [{ id: hidden }, { id }] } },
    });
  });
});

describe("search", () => {
  const FIND = "query ($search: String!) { jobs(filter: { search: $search }) { totalCount nodes { id } } }";
  const found = async (claims: Parameters<typeof bench.askAs>[0], search: string): Promise<unknown[]> => {
    const { data, errors } = await bench.askAs<{ jobs: { totalCount: number; nodes: { id: string }[] } }>(
      claims,
      FIND,
      { search },
    );
    expect(errors).toStrictEqual([]);
    expect(data.jobs.totalCount).toBe(data.jobs.nodes.length);
    return data.jobs.nodes.map(({ id }) => id);
  };

  test("finds jobs of one's tenant alone, at the same time as others do, and for viewers none by a hidden payload", async () => {
    await register(bench.sql, [single({ identifier: "kept back", version: "k1" })]);
    await bench.sql.rows("update ratchet.definitions set hide_payloads = true where identifier = 'kept back'");
    const payload = { word: "sesame" };
    const { id: open } = await addSingle(bench.sql, { tenant: "A", payload });
    const { id: hidden } = await addSingle(bench.sql, { tenant: "A", payload, identifier: "kept back" });
    const { id: foreign } = await addSingle(bench.sql, { tenant: "B", payload });
    const rounds = Array.from({ length: 10 }, () =>
      Promise.all([
        found(VIEWER, "sesame"),
        found(OPERATOR, "sesame"),
        found({ ...VIEWER, ratchet_tenant: "B" }, "sesame"),
        found(VIEWER, foreign),
      ]),
    );
    for (const round of await Promise.all(rounds)) {
      expect(round).toStrictEqual([[open], [hidden, open], [foreign], []]);
    }
    expect(await found(VIEWER, "kept back")).toStrictEqual([hidden]);
    // By itself, too: row security of the list would hide what it gives away.
    await withSession(bench.sql, async (session) => {
      await session.query("begin; set local role ratchet_viewer; set local ratchet.tenant = 'A'");
      const { rows } = await session.query<{ ids: string[] }>(
        "select ratchet_private.jobs_with_text('sesame', '{}') || ratchet_private.jobs_with_text($1, '{}') as ids",
        [foreign],
      );
      expect(rows[0]?.ids).toStrictEqual([open]);
    });
  });
});
