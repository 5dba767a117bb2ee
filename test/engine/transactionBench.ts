import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

import { defineJob } from "../../src/definition/defineJob.ts";
import type { AnyJobDefinition } from "../../src/definition/jobDefinition.ts";
import type { TransactionClient } from "../../src/definition/taskContext.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { existing, expectNoViolations, failuresOf, look, queue, startEngine, type TestEngine } from "./engine.ts";
import { type CuttingProxy, startProxy } from "./proxy.ts";

/** What a handler of the bench gets. */
export interface Work {
  readonly client: TransactionClient;
  readonly signal: AbortSignal;
  readonly job: { readonly id: string };
}

/** How a job of the bench ended. */
export interface BenchEnd {
  readonly jobId: string;
  readonly status: string;
  readonly nextAttemptAt: Date | null;
  /** Rows of the ledger that the job has left. */
  readonly effects: number;
  readonly failures: Awaited<ReturnType<typeof failuresOf>>;
}

/** One engine behind a proxy, whose transaction task is whatever the test says. */
export interface TransactionBench {
  readonly definitions: Readonly<Record<string, AnyJobDefinition>>;
  readonly database: () => TestDatabase;
  readonly proxy: () => CuttingProxy;
  readonly engine: () => TestEngine;
  /** How often the handler has begun in this test. */
  readonly tries: () => number;
  /** What the handler does after it has written one row to the ledger. */
  work: (work: Work) => unknown;
  /** What the plain task after it does. */
  tell: () => unknown;
  /**
   * Queues a job and runs it once. Default: a transaction task with 20 s, then a plain one. `short` has 100 ms; `bare` writes
   * nothing to the ledger.
   */
  run(spec?: Parameters<typeof queue>[2], identifier?: "pay" | "short" | "bare"): Promise<BenchEnd>;
  /** What can be seen of a job. */
  endOf(jobId: string): Promise<BenchEnd>;
}

/** Sets the bench up for a test file. The connections for transaction tasks are as many as `mostTransactions`. */
export function useTransactionBench({ mostTransactions = 1 } = {}): TransactionBench {
  let tries = 0;
  let database: TestDatabase | undefined;
  let proxy: CuttingProxy | undefined;
  let engine: TestEngine | undefined;

  const definitions = {
    pay: defineJob({ retry: { maxAttempts: 3 } })
      .task("pay", { transaction: true, timeout: "20 s" }, async ({ client, signal, job }) => {
        tries++;
        await client.query("insert into ledger (job_id) values ($1)", [job.id]);
        return bench.work({ client, signal, job });
      })
      .task("tell", () => bench.tell()),
    bare: defineJob().task("pay", { transaction: true }, ({ client, signal, job }) =>
      bench.work({ client, signal, job }),
    ),
    short: defineJob().task("pay", { transaction: true, timeout: "100 ms" }, async ({ client, signal, job }) => {
      tries++;
      await client.query("insert into ledger (job_id) values ($1)", [job.id]);
      return bench.work({ client, signal, job });
    }),
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query("create table ledger (job_id bigint, note text unique)");
    proxy = await startProxy(database.url);
    engine = await startEngine({ url: proxy.url, definitions, mostTransactions });
  });

  beforeEach(() => {
    tries = 0;
    bench.work = () => {};
    bench.tell = () => {};
  });

  afterEach(async () => {
    await expectNoViolations(existing(database).pool);
  });

  afterAll(async () => {
    await engine?.close();
    await proxy?.close();
    await database?.drop();
  });

  const bench: TransactionBench = {
    definitions,
    database: () => existing(database),
    proxy: () => existing(proxy),
    engine: () => existing(engine),
    tries: () => tries,
    work: () => {},
    tell: () => {},
    async run(spec, identifier = "pay") {
      const jobId = await queue(existing(database).pool, identifier, spec);
      await existing(engine).run(jobId);
      return bench.endOf(jobId);
    },
    async endOf(jobId) {
      const { pool } = existing(database);
      const { status, nextAttemptAt } = await look(pool, jobId);
      const { rowCount } = await pool.query("select from ledger where job_id = $1", [jobId]);
      return { jobId, status, nextAttemptAt, effects: rowCount ?? 0, failures: await failuresOf(pool, jobId) };
    },
  };
  return bench;
}
