import pg from "pg";
import { beforeAll, describe, expect, test, vi } from "vitest";

import { addPublish, addSingle, addWorker, checkpoint, claimOne, completeTasks, runJob } from "../sql/fixtures.ts";
import { named } from "../support/schemas.ts";
import { type GraphqlAnswer, useServer } from "./server.ts";

const bench = useServer();
let worker: number;

beforeAll(async () => {
  worker = await addWorker(bench.sql);
});

/** Runs `work` and counts the statements it sends, without the begin, settings and commit around each. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, "query");
  try {
    await work();
    return (spy.mock.calls as unknown[][])
      .map(([query]) => (typeof query === "string" ? query : (query as { text: string }).text))
      .filter((text) => /\bfrom "/v.test(text));
  } finally {
    spy.mockRestore();
  }
}

test("a job with its tasks, their failures, computed fields and relations is one statement", async () => {
  const job = await addPublish(bench.sql);
  const query = `query ($id: BigInt!) {
    job(id: $id) {
      id progress taskCount finishedTaskCount willRetry isFinal explanation
      currentTask { name } worker { host } definition { version }
      tasks { nodes { name failures { nodes { errorMessage } } } }
    }
  }`;
  let answer: unknown;
  const statements = await statementsOf(async () => {
    answer = await bench.ask(query, { id: job.id });
  });
  expect(answer).toMatchObject({
    errors: [],
    data: {
      job: {
        id: job.id,
        currentTask: { name: "Validate product" },
        definition: { version: "p1" },
        tasks: {
          nodes: [
            { name: "Validate product" },
            { name: "Upload image 1/3" },
            { name: "Upload image 2/3" },
            { name: "Upload image 3/3" },
            { name: "Create listing" },
          ],
        },
      },
    },
  });
  expect(statements).toHaveLength(1);
  expect(
    await statementsOf(() =>
      bench.ask("{ jobs(first: 10) { nodes { id progress tasks(first: 3) { nodes { name } } } } }"),
    ),
  ).toHaveLength(1);
});

describe("a job on its way", () => {
  const FIELDS = "status progress taskCount finishedTaskCount willRetry isFinal currentTask { position }";

  async function look(id: string) {
    const { data, errors } = await bench.ask(`query ($id: BigInt!) { job(id: $id) { ${FIELDS} explanation } }`, { id });
    expect(errors).toStrictEqual([]);
    const { explanation, ...rest } = (data as { job: Record<string, unknown> }).job;
    expect(explanation).toBe(await bench.sql.value("select ratchet.explain_job($1)", [id]));
    return rest;
  }

  test("of a job with 10,000 tasks a page is one statement, and the next one begins after it", async () => {
    const images = Array.from({ length: 9998 }, (_, n) => `${n}.jpg`);
    const job = await addPublish(bench.sql, images);
    interface Page {
      readonly job: { readonly tasks: { readonly pageInfo: { readonly endCursor: string }; readonly nodes: object[] } };
    }
    const query = `query ($id: BigInt!, $after: Cursor) {
    job(id: $id) { taskCount explanation currentTask { position }
      tasks(first: 100, after: $after) { pageInfo { endCursor hasNextPage } nodes { position } } }
  }`;
    const pages: Page[] = [];
    const statements = await statementsOf(async () => {
      pages.push((await bench.ask<Page>(query, { id: job.id })).data);
    });
    expect(statements).toHaveLength(1);
    expect(pages[0]).toMatchObject({
      job: { taskCount: 10_000, currentTask: { position: 1 }, tasks: { pageInfo: { hasNextPage: true } } },
    });
    const { data } = await bench.ask<Page>(query, { id: job.id, after: pages[0]?.job.tasks.pageInfo.endCursor });
    expect(data.job.tasks.nodes).toHaveLength(100);
    expect(data.job.tasks.nodes[0]).toStrictEqual({ position: 101 });
  });

  test("is shown as it stands: waiting, running, to be retried, failed for good, completed", async () => {
    const { id } = await addPublish(bench.sql, ["a", "b", "c"], { max_attempts: 2, retry_delay: "0 s" });
    const counts = { taskCount: 5, finishedTaskCount: 0 };
    expect(await look(id)).toStrictEqual({
      ...counts,
      status: "PENDING",
      progress: 0,
      willRetry: false,
      isFinal: false,
      currentTask: { position: 1 },
    });

    const first = await claimOne(bench.sql, worker, id);
    await completeTasks(bench.sql, worker, { job: id, fence: first.fence, from: 1, to: 2 });
    await checkpoint(bench.sql.pool(), worker, [
      { job: id, position: 3, fence: first.fence, kind: "R", progress: 0.5 },
    ]);
    expect(await look(id)).toMatchObject({ status: "RUNNING", finishedTaskCount: 2, progress: 0.5 });

    await checkpoint(bench.sql.pool(), worker, [{ job: id, position: 3, fence: first.fence, kind: "F" }]);
    expect(await look(id)).toMatchObject({ status: "FAILED", willRetry: true, isFinal: false, progress: 0.4 });

    const second = await claimOne(bench.sql, worker, id);
    await checkpoint(bench.sql.pool(), worker, [{ job: id, position: 3, fence: second.fence, kind: "F" }]);
    expect(await look(id)).toMatchObject({
      status: "FAILED",
      willRetry: false,
      isFinal: true,
      currentTask: { position: 3 },
    });

    const done = await addSingle(bench.sql);
    await runJob(bench.sql, worker, done.id);
    expect(await look(done.id)).toStrictEqual({
      taskCount: 1,
      finishedTaskCount: 1,
      status: "COMPLETED",
      progress: 1,
      willRetry: false,
      isFinal: true,
      currentTask: null,
    });
  });

  test("keeps its failures, newest first", async () => {
    const { id } = await addSingle(bench.sql, { retry_delay: "0 s" });
    for (const message of ["first", "second"]) {
      const { fence } = await claimOne(bench.sql, worker, id);
      const failure = { error_message: message };
      await checkpoint(bench.sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F", failure }]);
    }
    const { data } = await bench.ask(
      `query ($id: BigInt!) {
        job(id: $id) { failures { nodes { errorMessage attempt task { key } } } }
        taskFailures(filter: { jobId: { equalTo: $id } }) { totalCount nodes { job { id } } }
      }`,
      { id },
    );
    const common = { task: { key: "only" } };
    expect(data).toStrictEqual({
      job: {
        failures: {
          nodes: [
            { errorMessage: "second", attempt: 2, ...common },
            { errorMessage: "first", attempt: 1, ...common },
          ],
        },
      },
      taskFailures: { totalCount: 2, nodes: [{ job: { id } }, { job: { id } }] },
    });
  });
});

describe("lists of jobs", () => {
  const ids: string[] = [];

  beforeAll(async () => {
    for (let n = 0; n < 5; n++) {
      const job = await addSingle(bench.sql, { tenant: "pages", job_key: `page:${n}` });
      ids.push(job.id);
    }
    await runJob(bench.sql, worker, ids[0] ?? "");
  });

  function idsOf(data: unknown): string[] {
    return (data as { jobs: { nodes: { id: string }[] } }).jobs.nodes.map(({ id }) => id);
  }

  test("begin with the newest; the other order on demand", async () => {
    const newest = await bench.ask<{ jobs: { totalCount: number } }>(
      '{ jobs(filter: { tenant: { equalTo: "pages" } }) { nodes { id } totalCount } }',
    );
    expect(idsOf(newest.data)).toStrictEqual(ids.toReversed());
    expect(newest.data.jobs.totalCount).toBe(5);
    const oldest = await bench.ask(
      '{ jobs(orderBy: [ID_ASC], filter: { tenant: { equalTo: "pages" } }) { nodes { id } } }',
    );
    expect(idsOf(oldest.data)).toStrictEqual(ids);
  });

  test("are paged through by cursors, forwards and backwards, while jobs are added", async () => {
    interface Page {
      jobs: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    }
    const query = `query ($after: Cursor) {
      jobs(first: 2, after: $after, filter: { tenant: { equalTo: "pages" } }) {
        nodes { id }
        pageInfo { hasNextPage endCursor }
      }
    }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let hasNext = true; hasNext;) {
      const { data }: GraphqlAnswer<Page> = await bench.ask<Page>(query, { after });
      seen.push(...idsOf(data));
      hasNext = data.jobs.pageInfo.hasNextPage;
      after = data.jobs.pageInfo.endCursor;
      const added = await addSingle(bench.sql, { tenant: "pages" });
      await bench.sql.rows(named("delete from ratchet.jobs where id = $1"), [added.id]);
    }
    expect(seen).toStrictEqual(ids.toReversed());

    const last = await bench.ask('{ jobs(last: 2, filter: { tenant: { equalTo: "pages" } }) { nodes { id } } }');
    expect(idsOf(last.data)).toStrictEqual([ids[1], ids[0]]);
  });

  test("are filtered by status, end, identifier, key and id, and by several at once", async () => {
    const pages = 'tenant: { equalTo: "pages" }';
    const of = async (filter: string) =>
      idsOf((await bench.ask(`{ jobs(filter: { ${pages} ${filter} }) { nodes { id } } }`)).data);
    expect(await of("status: { equalTo: COMPLETED }")).toStrictEqual([ids[0]]);
    expect(await of("finishedAt: { isNull: false }")).toStrictEqual([ids[0]]);
    expect(await of('status: { in: [PENDING, RUNNING] } jobKey: { startsWith: "page:" }')).toStrictEqual(
      ids.slice(1).toReversed(),
    );
    expect(await of('jobKey: { equalTo: "page:2" }')).toStrictEqual([ids[2]]);
    expect(await of(`id: { lessThan: ${ids[2] ?? ""} }`)).toStrictEqual([ids[1], ids[0]]);
    expect(await of('identifier: { equalTo: "publish" }')).toStrictEqual([]);
    expect(await of('or: [{ jobKey: { equalTo: "page:1" } }, { jobKey: { equalTo: "page:3" } }]')).toStrictEqual([
      ids[3],
      ids[1],
    ]);
  });

  test("an id is a string, and may be given as a number; nodeId finds the same row", async () => {
    const [id = ""] = ids;
    const { data } = await bench.ask<{ job: { id: string; nodeId: string } }>(`{ job(id: ${id}) { id nodeId } }`);
    expect(data.job.id).toBe(id);
    const again = await bench.ask("query ($nodeId: ID!) { node(nodeId: $nodeId) { ... on Job { id } } }", {
      nodeId: data.job.nodeId,
    });
    expect(again.data).toStrictEqual({ node: { id } });
    expect((await bench.ask("query ($id: BigInt!) { job(id: $id) { id } }", { id: Number(id) })).data).toStrictEqual({
      job: { id },
    });
    expect((await bench.ask("{ job(id: 999999) { id } }")).data).toStrictEqual({ job: null });
  });
});

test("definitions, workers and orders are lists too", async () => {
  const cancelled = await addSingle(bench.sql);
  await bench.sql.rows("select ratchet.cancel_job($1, 'not needed')", [cancelled.id]);
  const { data, errors } = await bench.ask(`{
    definitions { nodes { identifier version maxAttempts retryDelay { seconds } templates } }
    workers { nodes { host concurrency knownVersions } }
    auditEntries { nodes { action reason job { status } } }
  }`);
  expect(errors).toStrictEqual([]);
  expect(data).toMatchObject({
    definitions: {
      nodes: [{ identifier: "publish", maxAttempts: 5, retryDelay: { seconds: 30 } }, { identifier: "single" }],
    },
    workers: { nodes: [{ host: "test-host", concurrency: 10, knownVersions: ["p1", "s1"] }] },
    auditEntries: { nodes: [{ action: "cancel", reason: "not needed", job: { status: "CANCELLED" } }] },
  });
});
