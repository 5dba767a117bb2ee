import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { defineJob } from "../../src/definition/defineJob.ts";
import type { TransactionClient } from "../../src/definition/taskContext.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { expectNoViolations, failuresOf, look, queue, startEngine, statusesOf, type TestEngine } from "./engine.ts";
import { type CuttingProxy, startProxy } from "./proxy.ts";

type Work = (context: { client: TransactionClient; signal: AbortSignal; job: { id: string } }) => unknown;

let work: Work = () => {};
let tries = 0;

const definitions = {
  pay: defineJob({ retry: { maxAttempts: 3 } })
    .task("prepare", () => 1)
    .task("pay", { transaction: true }, async ({ client, signal, job }) => {
      tries++;
      await client.query("insert into ledger (job_id) values ($1)", [job.id]);
      return work({ client, signal, job });
    })
    .task("tell", () => 3),
  short: defineJob().task("pay", { transaction: true, timeout: "60 ms" }, ({ client, signal, job }) => {
    tries++;
    return work({ client, signal, job });
  }),
};

let database: TestDatabase;
let proxy: CuttingProxy;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query("create table ledger (job_id bigint, note text)");
  await database.pool.query(
    "create table limited (id integer primary key, ref integer references limited deferrable initially deferred)",
  );
  proxy = await startProxy(database.url);
  engine = await startEngine({ url: proxy.url, definitions, mostTransactions: 1 });
});

beforeEach(() => {
  tries = 0;
  work = () => {};
});

afterEach(async () => {
  await expectNoViolations(database.pool);
});

afterAll(async () => {
  await engine.close();
  await proxy.close();
  await database.drop();
});

async function countEffects(jobId: string): Promise<number> {
  const { rowCount } = await database.pool.query("select from ledger where job_id = $1", [jobId]);
  return rowCount ?? 0;
}

test("effects and checkpoint become visible together", async () => {
  const jobId = await queue(database.pool, "pay");
  work = async ({ client }) => {
    // RUNNING is committed before the transaction writes, and seen by everybody.
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "RUNNING", "PENDING"]);
    expect(await countEffects(jobId)).toBe(0);
    const { rows } = await client.query<{ count: number }>("select count(*)::integer as count from ledger");
    return rows[0];
  };
  await engine.run(jobId);
  expect(await countEffects(jobId)).toBe(1);
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
});

test("an error of the handler rolls everything back and is a counted failure", async () => {
  work = () => {
    throw new Error("insufficient funds");
  };
  const jobId = await queue(database.pool, "pay");
  await engine.run(jobId);
  expect(await countEffects(jobId)).toBe(0);
  expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "FAILED", "PENDING"]);
  expect(await failuresOf(database.pool, jobId)).toMatchObject([{ counted: true, message: "insufficient funds" }]);
});

test("a result that cannot be stored rolls everything back", async () => {
  work = () => "\0";
  const jobId = await queue(database.pool, "pay");
  await engine.run(jobId);
  expect(await countEffects(jobId)).toBe(0);
  expect((await look(database.pool, jobId)).status).toBe("FAILED");
});

test.each([
  ["serialization failure", "40001"],
  ["deadlock", "40P01"],
])("a %s runs it again, uncounted", async (_, code) => {
  work = async ({ client }) => {
    if (tries < 3) {
      await client.query(`do $$ begin raise exception using errcode = '${code}'; end $$`);
    }
  };
  const jobId = await queue(database.pool, "pay");
  await engine.run(jobId);
  expect(tries).toBe(3);
  expect(await countEffects(jobId)).toBe(1);
  expect((await look(database.pool, jobId)).tasks[1]).toMatchObject({ status: "COMPLETED", attempts: 1 });
  expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
});

describe("a connection that breaks", () => {
  test("in the middle of the handler runs it again, uncounted", async () => {
    work = async ({ client }) => {
      if (tries === 1) {
        const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
        await database.pool.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      }
      return client.query("select 1");
    };
    const jobId = await queue(database.pool, "pay", { maxAttempts: 1 });
    await engine.run(jobId);
    expect(tries).toBe(2);
    expect(await countEffects(jobId)).toBe(1);
    expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });

  test("before the handler has begun is no failure of the task", async () => {
    const jobId = await queue(database.pool, "pay", { maxAttempts: 1 });
    const cut = proxy.cutNext("begin; set", "before");
    await engine.run(jobId);
    await cut;
    expect(tries).toBe(1);
    expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });

  test("does not hide that the task took too long", async () => {
    work = async ({ client, signal }) => {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      await database.pool.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    };
    const jobId = await queue(database.pool, "short");
    await engine.run(jobId);
    expect(tries).toBe(1);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT119", counted: true }]);
  });
});

test("a serialization failure that never ends becomes a counted failure after ten repeats", async () => {
  work = ({ client }) => client.query("do $$ begin raise exception using errcode = '40001'; end $$");
  const jobId = await queue(database.pool, "pay");
  await engine.run(jobId);
  expect(tries).toBe(11);
  expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "40001", counted: true }]);
});

test("a COMMIT that Postgres refuses is a failure, not a lost answer", async () => {
  work = ({ client }) => client.query("insert into limited values (1, 2)");
  const jobId = await queue(database.pool, "pay");
  await engine.run(jobId);
  expect(tries).toBe(1);
  expect(await countEffects(jobId)).toBe(0);
  expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "23503", counted: true }]);
});

describe("when the COMMIT's answer is lost", () => {
  test("before the server has got it, the task runs again: its effect happens once", async () => {
    const jobId = await queue(database.pool, "pay");
    const cut = proxy.cutNext("commit\0", "before");
    await engine.run(jobId);
    await cut;
    expect(tries).toBe(2);
    expect(await countEffects(jobId)).toBe(1);
    expect((await look(database.pool, jobId)).tasks[1]).toMatchObject({ status: "COMPLETED", attempts: 1 });
  });

  test("after the server has done it, the task does not run again", async () => {
    const jobId = await queue(database.pool, "pay");
    const cut = proxy.cutNext("commit\0", "after");
    await engine.run(jobId);
    await cut;
    expect(tries).toBe(1);
    expect(await countEffects(jobId)).toBe(1);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });
});

test("a fence that was raised meanwhile rolls everything back", async () => {
  const jobId = await queue(database.pool, "pay");
  work = async () => {
    await database.pool.query("select ratchet_private.release_worker($1)", [engine.session.workerId]);
  };
  await expect(engine.run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
  expect(await countEffects(jobId)).toBe(0);
  expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "PENDING", "PENDING"]);
  await database.pool.query("update ratchet.workers set stopped_at = null where id = $1", [engine.session.workerId]);
});

describe("a handler that is cut off by its time-out", () => {
  test("leaves no statement running, no lock and no connection that the next task could meet", async () => {
    const zombie = deferred<unknown>();
    work = ({ client }) => {
      const endless = client.query("select pg_sleep(30)");
      endless.catch(() => {});
      return endless.finally(() => {
        zombie.resolve(client.query("insert into ledger values (0, 'zombie')").catch((error: unknown) => error));
      });
    };
    const jobId = await queue(database.pool, "short");
    await engine.run(jobId);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT119" }]);
    expect(await zombie.promise).toMatchObject({ message: expect.stringContaining("has ended") });
    await waitUntil(async () => {
      const { rowCount } = await database.pool.query(
        "select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()",
      );
      return rowCount === 0;
    });

    // There is one connection for transaction tasks: it is there again.
    work = () => {};
    const next = await queue(database.pool, "pay");
    await engine.run(next);
    expect((await look(database.pool, next)).status).toBe("COMPLETED");
    expect(await countEffects("0")).toBe(0);
  });

  test("without a statement running is rolled back", async () => {
    const later = deferred();
    let late: Promise<unknown> | undefined;
    work = async ({ client, job }) => {
      await client.query("insert into ledger values ($1, 'late')", [job.id]);
      await later.promise;
      late = client.query("insert into ledger values ($1, 'too late')", [job.id]);
      return late;
    };
    const jobId = await queue(database.pool, "short");
    await engine.run(jobId);
    later.resolve();
    await waitUntil(() => late !== undefined);
    await expect(late).rejects.toThrow("has ended");
    expect(await countEffects(jobId)).toBe(0);
  });
});

test("a stop while it waits for a connection is no failure of the task", async () => {
  const own = await startEngine({ url: database.url, definitions, mostTransactions: 1 });
  const held = await own.session.transactionPool.connect();
  const jobId = await queue(database.pool, "short");
  const run = own.run(jobId);
  await waitUntil(() => own.session.transactionPool.waitingCount === 1);
  own.jobs.abort();
  held.release();
  await run;
  await own.close();
  expect(tries).toBe(0);
  expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
  expect((await look(database.pool, jobId)).tasks[0]).toMatchObject({ status: "PENDING", attempts: 0 });
});

test("callbacks and query objects of pg go through", async () => {
  const jobId = await queue(database.pool, "pay");
  const rows = deferred<unknown>();
  work = async ({ client }) => {
    const query = client.query(new pg.Query("select 7 as seven"));
    query.on("row", rows.resolve);
    await rows.promise;
  };
  await engine.run(jobId);
  expect(await rows.promise).toMatchObject({ seven: 7 });
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
});
