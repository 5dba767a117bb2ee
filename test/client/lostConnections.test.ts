import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { createConnections } from "../../src/client/connections.ts";
import { inKnownTransaction } from "../../src/client/knownTransaction.ts";
import type { RatchetPool } from "../../src/index.ts";
import { type CuttingProxy, startProxy } from "../engine/proxy.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { asRawPool, createClientBench, rejection, single } from "./clientBench.ts";

// As the client sends it: the text alone, with the zero that ends it.
const COMMIT = "commit\0";

const bench = createClientBench();
let proxy: CuttingProxy;
let tenant: string;
let count = 0;

beforeAll(async () => {
  proxy = await startProxy(bench.database().url);
});
beforeEach(() => {
  tenant = `lost ${++count}`;
});

afterAll(() => proxy.close());

function jobsOfTenant() {
  return bench.rows<{ id: string }>("select id from ratchet.jobs where tenant = $1 order by id", [tenant]);
}

describe.each([
  ["before Postgres has heard of the jobs", "add_jobs", "before"],
  ["after the jobs were written", "add_jobs", "after"],
  ["before the COMMIT", COMMIT, "before"],
  ["after the COMMIT", COMMIT, "after"],
] as const)("a connection that breaks %s", (_, text, place) => {
  test("does not keep the jobs from being added exactly once", async () => {
    const ratchet = bench.client({ connectionString: proxy.url, tenant });
    const cut = proxy.cutNext(text, place);
    const jobs = await Promise.all([1, 2, 3].map((n) => ratchet.add(single, { n }, { checkPayload: false })));
    await cut;
    expect((await jobsOfTenant()).map(({ id }) => id)).toStrictEqual(jobs.map(({ id }) => id));
  });

  test("does not keep an addMany from being added exactly once", async () => {
    const ratchet = bench.client({ connectionString: proxy.url, tenant });
    const cut = proxy.cutNext(text, place);
    const jobs = await ratchet.addMany(single, [{ payload: {} }, { payload: {} }], { checkPayload: false });
    await cut;
    expect((await jobsOfTenant()).map(({ id }) => id)).toStrictEqual(jobs.map(({ id }) => id));
  });
});

test("connections that died while idle are replaced without an error", async () => {
  const ratchet = bench.client({ tenant });
  await ratchet.add(single, {});
  await bench.rows(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ratchet client'",
  );
  await ratchet.add(single, {});
  expect(await jobsOfTenant()).toHaveLength(2);
});

test("jobs that may have been added already are not added again, together or apart", async () => {
  const own = asRawPool(proxy.url);
  const query = own.query.bind(own) as RatchetPool["query"];
  const pool: RatchetPool = {
    connect: () => own.connect(),
    // A server that has forgotten that transaction.
    query: async (text, values) =>
      text.includes("pg_xact_status") ? { rows: [{ outcome: null }] } : query(text, values),
  };
  const ratchet = bench.client({ pool, tenant });
  const cut = proxy.cutNext(COMMIT, "after");
  const answers = await Promise.allSettled([1, 2, 3].map((n) => ratchet.add(single, { n }, { checkPayload: false })));
  await cut;
  expect(answers).toMatchObject(answers.map(() => ({ status: "rejected", reason: { code: "RT125" } })));
  expect(await jobsOfTenant()).toHaveLength(3);
  await own.end();
});

test("a Postgres that cannot be reached is asked once for all jobs of a batch", async () => {
  let tries = 0;
  const refuse = (): Promise<never> => {
    tries++;
    return Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
  };
  const ratchet = bench.client({ pool: { connect: refuse, query: refuse } });
  const answers = await Promise.allSettled([1, 2, 3].map((n) => ratchet.add(single, { n }, { checkPayload: false })));
  expect(answers).toMatchObject(answers.map(() => ({ reason: { code: "RT101" } })));
  expect(tries).toBe(1);
});

describe("a transaction whose end matters", () => {
  function connections(url = bench.database().url) {
    const opened = createConnections({ connectionString: url, schemas: TEST_SCHEMAS });
    return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
  }

  const transactionNumber = "select pg_current_xact_id()::text as transaction";

  test.each(["40001", "40P01"])("is repeated when Postgres says %s", async (sqlState) => {
    await using opened = connections();
    let tries = 0;
    const result = await inKnownTransaction({ connections: opened, what: "1 job" }, async (db) => {
      tries++;
      if (tries < 4) {
        await db.query(`do $$ begin raise sqlstate '${sqlState}'; end $$`);
      }
      const { rows } = await db.query<{ transaction: string }>(transactionNumber);
      return { result: "written", transaction: rows[0]?.transaction ?? "" };
    });
    expect([result, tries]).toStrictEqual(["written", 4]);
  });

  test("does not end the process when a given pool's connection is lost between two statements", async () => {
    const pool = asRawPool(bench.database().url);
    const opened = createConnections({ pool, schemas: TEST_SCHEMAS });
    let tries = 0;
    const result = await inKnownTransaction({ connections: opened, what: "1 job" }, async (db) => {
      tries++;
      const { rows } = await db.query<{ transaction: string; pid: number }>(
        "select pg_current_xact_id()::text as transaction, pg_backend_pid() as pid",
      );
      if (tries === 1) {
        const lost = new Promise((resolve) => {
          pool.once("connect", resolve);
        });
        await bench.rows("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
        // By then the first one's loss has been heard of.
        (await pool.connect()).release();
        await lost;
      }
      return { result: tries, transaction: rows[0]?.transaction ?? "" };
    });
    expect(result).toBe(2);
    await pool.end();
  });

  test("is not repeated for another error, and its connection can be used again", async () => {
    await using opened = connections();
    let tries = 0;
    const failure = await rejection(
      inKnownTransaction({ connections: opened, what: "1 job" }, async (db) => {
        tries++;
        await db.query("select 1 / 0");
        return { result: null, transaction: "" };
      }),
    );
    expect(failure).toMatchObject({ code: "22012" });
    expect(tries).toBe(1);
    expect((await opened.db.query("select 1 as one")).rows).toStrictEqual([{ one: 1 }]);
  });

  test("whose COMMIT got no answer is an error that says so when Postgres cannot be asked", async () => {
    const own = await startProxy(bench.database().url);
    await using opened = connections(own.url);
    const cut = own.cutNext(COMMIT, "after");
    const unknown = rejection(
      inKnownTransaction({ connections: opened, what: "3 jobs", askForMs: 100 }, async (db) => {
        const { rows } = await db.query<{ transaction: string }>(transactionNumber);
        // Nobody can connect any more when the COMMIT is lost.
        void cut.then(() => own.close());
        return { result: null, transaction: rows[0]?.transaction ?? "" };
      }),
    );
    expect(await unknown).toMatchObject({
      code: "RT125",
      retryable: true,
      message:
        "The connection was lost while 3 jobs were being added, and in 0.1 s Postgres could not be asked how that ended.",
    });
  });

  test("that this server never had was not written", async () => {
    await using opened = connections(proxy.url);
    let tries = 0;
    const cut = proxy.cutNext(COMMIT, "before");
    const result = await inKnownTransaction({ connections: opened, what: "1 job" }, async (db) => {
      tries++;
      const { rows } = await db.query<{ transaction: string }>(transactionNumber);
      // As after a failover to a server that is behind.
      const transaction = tries === 1 ? "99999999999" : (rows[0]?.transaction ?? "");
      return { result: tries, transaction };
    });
    await cut;
    expect(result).toBe(2);
  });
});
