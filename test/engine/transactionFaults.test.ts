import { describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { failuresOf, look, queue, startEngine, statusesOf } from "./engine.ts";
import { useTransactionBench } from "./transactionBench.ts";

const bench = useTransactionBench();

const DONE = { status: "COMPLETED", effects: 1, failures: [] };

/** Somebody else takes the jobs of the bench's worker. */
async function takeOver(): Promise<void> {
  const { pool } = bench.database();
  await pool.query("select ratchet_private.release_worker($1)", [bench.engine().session.workerId]);
  await pool.query("update ratchet.workers set stopped_at = null where id = $1", [bench.engine().session.workerId]);
}

/** Runs this at the COMMIT of whoever has written to the ledger, when the task's end stands in the transaction. */
async function atCommit(plpgsql: string): Promise<void> {
  await bench.database().pool.query(`
    create function public.at_commit() returns trigger language plpgsql as $$ begin ${plpgsql}; return null; end $$;
    create constraint trigger at_commit after insert on public.ledger deferrable initially deferred
      for each row execute function public.at_commit()`);
}

async function noMoreAtCommit(): Promise<void> {
  await bench.database().pool.query("drop function public.at_commit() cascade");
}

describe("a COMMIT whose answer is lost", () => {
  test("twice in a row, before it happened: exactly once", async () => {
    const cuts = [bench.proxy().cutNext("commit\0", "before")];
    bench.work = () => {
      if (bench.tries() === 2) {
        cuts.push(bench.proxy().cutNext("commit\0", "before"));
      }
    };
    expect(await bench.run()).toMatchObject(DONE);
    await Promise.all(cuts);
    expect(bench.tries()).toBe(3);
  });

  test("not happened, and the job taken over meanwhile: rolled back, and nothing more from here", async () => {
    const jobId = await queue(bench.database().pool, "pay");
    let cut: Promise<unknown> | undefined;
    bench.work = async () => {
      // A new try that begins before the job is taken over has no COMMIT to be cut: it ends after that.
      await cut;
      cut ??= bench.proxy().cutNext("commit\0", "before").then(takeOver);
    };
    await expect(bench.engine().run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    await cut;
    expect(await bench.endOf(jobId)).toMatchObject({ effects: 0, failures: [] });
    bench.work = () => {};
    await bench.engine().run(jobId);
    expect(await bench.endOf(jobId)).toMatchObject(DONE);
  });

  test("happened, and the job taken over meanwhile: done once, and nothing more from here", async () => {
    const jobId = await queue(bench.database().pool, "pay");
    const cut = bench.proxy().cutNext("commit\0", "after").then(takeOver);
    bench.tell = () => cut;
    await expect(bench.engine().run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    expect(await bench.endOf(jobId)).toMatchObject({ effects: 1, failures: [] });
    await bench.engine().run(jobId);
    expect(await bench.endOf(jobId)).toMatchObject(DONE);
    expect(bench.tries()).toBe(1);
  });

  test("still under way when it is asked after: the answer waits for it", async () => {
    await atCommit("perform pg_advisory_xact_lock(8, 8)");
    const { pool } = bench.database();
    const blocker = await pool.connect();
    await blocker.query("select pg_advisory_lock(8, 8)");
    const run = bench.run();
    await waitUntil(
      async () => (await blocker.query("select from pg_locks where not granted and classid = 8")).rowCount === 1,
    );
    // The server goes on with a COMMIT whose client is gone.
    bench.proxy().cutAll();
    await waitUntil(
      async () =>
        (await blocker.query("select from pg_locks where not granted and locktype = 'transactionid'")).rowCount === 1,
    );
    await blocker.query("select pg_advisory_unlock_all()");
    blocker.release();
    expect(await run).toMatchObject(DONE);
    expect(bench.tries()).toBe(1);
    await noMoreAtCommit();
  });
});

describe("a takeover", () => {
  test("between the handler's end and its checkpoint rolls everything back", async () => {
    const jobId = await queue(bench.database().pool, "pay");
    bench.work = takeOver;
    await expect(bench.engine().run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    expect(await bench.endOf(jobId)).toMatchObject({ effects: 0, failures: [] });
    expect(await statusesOf(bench.database().pool, jobId)).toStrictEqual(["PENDING", "PENDING"]);
  });

  test("by rescue, when the checkpoint stands in the transaction: its connection is ended, and nothing is kept", async () => {
    await atCommit("perform pg_advisory_xact_lock(8, 8)");
    const { pool } = bench.database();
    const blocker = await pool.connect();
    await blocker.query("select pg_advisory_lock(8, 8)");
    const jobId = await queue(pool, "pay");
    const run = bench.engine().run(jobId);
    run.catch(() => {});
    await waitUntil(
      async () => (await blocker.query("select from pg_locks where not granted and classid = 8")).rowCount === 1,
    );
    const { workerId } = bench.engine().session;
    const { rows } = await pool.query<{ freed: string[] }>("select ratchet_private.rescue_worker($1) as freed", [
      workerId,
    ]);
    expect(rows).toStrictEqual([{ freed: [jobId] }]);
    await expect(run).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    await blocker.query("select pg_advisory_unlock_all()");
    blocker.release();
    await noMoreAtCommit();
    expect(bench.tries()).toBe(1);
    expect(await bench.endOf(jobId)).toMatchObject({ effects: 0 });
    await pool.query("update ratchet.workers set stopped_at = null where id = $1", [workerId]);
    await bench.engine().run(jobId);
    expect(await bench.endOf(jobId)).toMatchObject({ status: "COMPLETED", effects: 1 });
  });
});

describe("what Postgres asks to be repeated", () => {
  test.each(["40001", "40P01"])("%s, raised by COMMIT itself, repeats the task, uncounted", async (code) => {
    await bench.database().pool.query("create sequence public.commits");
    await atCommit(`if nextval('public.commits') < 3 then raise exception using errcode = '${code}'; end if`);
    expect(await bench.run()).toMatchObject(DONE);
    expect(bench.tries()).toBe(3);
    await noMoreAtCommit();
    await bench.database().pool.query("drop sequence public.commits");
  });

  test("ten times in vain becomes a failure that says so", async () => {
    bench.work = ({ client }) => client.query("do $$ begin raise 'too many cooks' using errcode = '40001'; end $$");
    expect(await bench.run()).toMatchObject({
      status: "FAILED",
      effects: 0,
      failures: [
        { code: "40001", counted: true, message: expect.stringMatching(/repeated 10 times in vain.*too many cooks/v) },
      ],
    });
    expect(bench.tries()).toBe(11);
  });

  test("is not repeated when the job was taken over", async () => {
    const jobId = await queue(bench.database().pool, "pay");
    bench.work = async ({ client }) => {
      await takeOver();
      await client.query("do $$ begin raise exception using errcode = '40001'; end $$");
    };
    await expect(bench.engine().run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    expect(bench.tries()).toBe(1);
  });
});

describe("a limit that the role has", () => {
  test.each([
    ["idle_in_transaction_session_timeout", "25P03"],
    ["transaction_timeout", "25P04"],
  ])("%s fails the try, counted, and is not met ten times more", async (setting, code) => {
    const { pool } = bench.database();
    const { rowCount } = await pool.query("select from pg_settings where name = $1", [setting]);
    const never = deferred();
    bench.work = async ({ client, signal }) => {
      await client.query(rowCount === 1 ? `set local ${setting} = 50` : "select 1");
      signal.addEventListener("abort", () => {
        never.resolve();
      });
      if (rowCount === 1) {
        await waitUntil(() =>
          client.query("select 1 from ledger limit 0").then(
            () => false,
            () => true,
          ),
        );
      }
      return client.query("select 1");
    };
    if (setting === "idle_in_transaction_session_timeout") {
      bench.work = async ({ client }) => {
        const { rows } = await client.query<{ pid: number }>(
          `select pg_backend_pid() as pid, set_config('${setting}', '50', true)`,
        );
        await waitUntil(
          async () => (await pool.query("select from pg_stat_activity where pid = $1", [rows[0]?.pid])).rowCount === 0,
        );
        return client.query("select 1");
      };
    }
    const end = await bench.run();
    expect(bench.tries()).toBe(1);
    expect(end).toMatchObject(
      rowCount === 1 ? { status: "FAILED", effects: 0, failures: [{ code, counted: true }] } : DONE,
    );
  });

  test("statement_timeout and lock_timeout fail the statement, and the try with it", async () => {
    bench.work = ({ client }) => client.query("set local statement_timeout = 20; select pg_sleep(60)");
    expect(await bench.run()).toMatchObject({ effects: 0, failures: [{ code: "57014", counted: true }] });
    const blocker = await bench.database().pool.connect();
    await blocker.query("begin; lock table ledger in exclusive mode");
    bench.work = ({ client }) => client.query("set local lock_timeout = 20; lock table ledger");
    const end = await bench.run({}, "bare");
    await blocker.query("rollback");
    expect(end).toMatchObject({
      failures: [{ code: "55P03", counted: true }],
    });
    blocker.release();
  });
});

test("a handler that waits for somebody's lock is cut off by its time-out, and waits no more", async () => {
  const { pool } = bench.database();
  const blocker = await pool.connect();
  await blocker.query("begin; lock table ledger in access exclusive mode");
  const end = await bench
    .engine()
    .run(await queue(pool, "short"))
    .then(async () => {
      const { rowCount } = await pool.query(
        "select from pg_locks l join pg_stat_activity a using (pid) where not granted and a.application_name = 'ratchet transaction tasks'",
      );
      return rowCount;
    });
  await blocker.query("rollback");
  blocker.release();
  await waitUntil(async () => {
    const { rowCount } = await pool.query("select from pg_locks where not granted");
    return rowCount === 0;
  });
  expect(end).toBeLessThanOrEqual(1);
  expect(await bench.run()).toMatchObject(DONE);
});

describe("more transaction tasks than connections", () => {
  test("wait for their turn, with no time running and no claim lost", async () => {
    const { pool } = bench.database();
    const first = deferred();
    bench.work = () => (bench.tries() === 1 ? first.promise : undefined);
    const holder = await queue(pool, "pay");
    const holding = bench.engine().run(holder);
    await waitUntil(() => bench.tries() === 1);
    const others = await Promise.all(Array.from({ length: 20 }, () => queue(pool, "short")));
    const runs = others.map((jobId) => bench.engine().run(jobId));
    await waitUntil(async () => {
      const running = await Promise.all(others.map((jobId) => look(pool, jobId)));
      return running.every(({ tasks }) => tasks[0]?.status === "RUNNING");
    });
    // Longer than their time-out of 100 ms.
    const since = performance.now();
    await waitUntil(() => performance.now() - since > 150);
    expect(bench.tries()).toBe(1);
    first.resolve();
    await Promise.all([holding, ...runs]);
    for (const jobId of [holder, ...others]) {
      expect(await bench.endOf(jobId)).toMatchObject(DONE);
    }
    const troubles = bench.engine().events.told("database.troubled");
    expect(troubles.filter(({ call }) => call.startsWith("connect"))).toStrictEqual([]);
  });

  test("a stop ends the waiting at once, and it is no failure", async () => {
    const { pool } = bench.database();
    const own = await startEngine({
      url: bench.database().url,
      definitions: bench.definitions,
      isRegistering: false,
      mostTransactions: 1,
    });
    const first = deferred();
    bench.work = () => first.promise;
    const [one, two] = [await queue(pool, "pay"), await queue(pool, "pay")];
    const runs = [own.run(one)];
    await waitUntil(() => bench.tries() === 1);
    runs.push(own.run(two));
    await waitUntil(async () => (await look(pool, two)).tasks[0]?.status === "RUNNING");
    own.jobs.abort();
    await Promise.allSettled(runs);
    first.resolve();
    await own.close();
    expect(await failuresOf(pool, two)).toStrictEqual([]);
    expect((await look(pool, two)).tasks[0]).toMatchObject({ status: "PENDING", attempts: 0 });
    expect(bench.tries()).toBe(1);
  });
});

// Handlers call schemas what they are called.
const CANCEL = named("select ratchet.cancel_job($1)");

test("an order about its own job, given in the transaction, rolls back with it and fails the job for good", async () => {
  bench.work = ({ client, job }) => client.query(CANCEL, [job.id]);
  expect(await bench.run()).toMatchObject({
    status: "FAILED",
    nextAttemptAt: null,
    effects: 0,
    failures: [{ code: "RT152", counted: true }],
  });
  expect(bench.tries()).toBe(1);
});

test("an order about another job commits with the task", async () => {
  const other = await queue(bench.database().pool, "bare");
  bench.work = ({ client }) => client.query(CANCEL, [other]);
  expect(await bench.run()).toMatchObject(DONE);
  expect(await bench.endOf(other)).toMatchObject({ status: "CANCELLED" });
});
