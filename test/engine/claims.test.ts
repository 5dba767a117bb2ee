import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { claimJobs } from "../../src/database/calls/claims.ts";
import { defineJob } from "../../src/definition/defineJob.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import {
  advanceClock,
  countWakeUps,
  existing,
  expectNoViolations,
  failuresOf,
  look,
  queue,
  startEngine,
  statusesOf,
  type TestEngine,
} from "./engine.ts";
import { type CuttingProxy, startProxy } from "./proxy.ts";

interface Gate {
  readonly started: Promise<AbortSignal>;
  open(): void;
}

let calls: string[] = [];
/** Runs inside task "two". */
let inTwo: (signal: AbortSignal) => unknown = () => {};

const definitions = {
  three: defineJob()
    .task("one", ({ job }) => calls.push(`${job.id} one`))
    .task("two", async ({ job, signal }) => {
      calls.push(`${job.id} two`);
      await inTwo(signal);
    })
    .task("three", ({ job }) => calls.push(`${job.id} three`)),
};

let database: TestDatabase;
let proxy: CuttingProxy;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startProxy(database.url);
});

afterEach(async () => {
  await engine.close();
  calls = [];
  inTwo = () => {};
  await expectNoViolations(database.pool);
});

afterAll(async () => {
  await proxy.close();
  await database.drop();
});

function callsOf(jobId: string): string[] {
  return calls.filter((call) => call.startsWith(`${jobId} `)).map((call) => call.slice(jobId.length + 1));
}

/** Makes task "two" wait until it is told to go on. */
function gateTwo(): Gate {
  const started = deferred<AbortSignal>();
  const mayEnd = deferred();
  inTwo = async (signal) => {
    started.resolve(signal);
    await mayEnd.promise;
  };
  return { started: started.promise, open: mayEnd.resolve };
}

describe("an answer that is lost", () => {
  test("to a claim: the job is let go, claimed anew and run once", async () => {
    engine = await startEngine({ url: proxy.url, definitions });
    const jobId = await queue(database.pool, "three");
    const cut = proxy.cutNext("ratchet_claim_jobs", "after");
    await engine.run(jobId);
    await cut;
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
    expect(engine.events.told("database.troubled")).toMatchObject([{ call: "claim" }]);
    expect(engine.events.told("database.recovered")).toHaveLength(1);
  });

  test("to the end of a task: it is asked again and found there; nothing runs twice", async () => {
    engine = await startEngine({ url: proxy.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    const cut = proxy.cutNext("ratchet_checkpoint", "after");
    gate.open();
    await run;
    await cut;
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
    expect((await look(database.pool, jobId)).tasks.map(({ attempts }) => attempts)).toStrictEqual([1, 1, 1]);
  });

  test("to a failure: it is counted once", async () => {
    engine = await startEngine({ url: proxy.url, definitions });
    const jobId = await queue(database.pool, "three");
    let cut: Promise<true> | undefined;
    inTwo = () => {
      cut = proxy.cutNext("ratchet_checkpoint", "after");
      throw new Error("once");
    };
    await engine.run(jobId);
    await cut;
    expect((await look(database.pool, jobId)).tasks[1]).toMatchObject({ status: "FAILED", attempts: 1 });
    expect(await failuresOf(database.pool, jobId)).toHaveLength(1);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
    expect(engine.events.told("task.failed")).toMatchObject([{ retryInMs: expect.any(Number) }]);
  });

  test("before the server has got it: the end is written by the second call", async () => {
    engine = await startEngine({ url: proxy.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    const cut = proxy.cutNext("ratchet_checkpoint", "before");
    gate.open();
    await run;
    await cut;
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
  });

  test("a claim that came through after the worker had looked elsewhere is found by the next wake-up", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    // As a COMMIT that arrived late would have left it.
    const { rows } = await database.pool.query<{ version: string }>("select version from ratchet.jobs where id = $1", [
      jobId,
    ]);
    await claimJobs(database.pool, engine.session.workerId, [jobId], {
      versions: [existing(rows[0]).version],
    });
    await engine.run(jobId);
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });
});

describe("wake-ups", () => {
  test("doubled, for a job that runs: one run, and another wake-up at its end", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    await Promise.all([engine.run(jobId), engine.run(jobId)]);
    gate.open();
    await run;
    await engine.run(jobId);
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
  });

  test("on two workers at the same moment: one of them runs it", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const other = await startEngine({ url: database.url, definitions });
    const jobIds = await Promise.all(Array.from({ length: 20 }, () => queue(database.pool, "three")));
    await Promise.all(jobIds.flatMap((jobId) => [engine.run(jobId), other.run(jobId)]));
    for (const jobId of jobIds) {
      expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
    }
    await other.close();
  });

  test("late, for a job that has ended or is gone: nothing", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    await engine.run(jobId);
    const before = await look(database.pool, jobId);
    await engine.run(jobId);
    const { now: _then, ...left } = before;
    const { now: _now, ...right } = await look(database.pool, jobId);
    expect(right).toStrictEqual(left);
    await engine.run("999999");
    expect(callsOf(jobId)).toHaveLength(3);
  });

  test("for another definition's job: it is not run for it", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    await engine.jobs.run(jobId, "other");
    expect(callsOf(jobId)).toStrictEqual([]);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
    await engine.run(jobId);
    expect(callsOf(jobId)).toHaveLength(3);
  });
});

test("a claim that waited between looking and locking reads again what was committed meanwhile", async () => {
  engine = await startEngine({ url: database.url, definitions });
  const jobId = await queue(database.pool, "three");
  // The first claim of a job does not lock its tasks.
  await database.pool.query("update ratchet.jobs set fence = 1 where id = $1", [jobId]);
  const { rows } = await database.pool.query<{ version: string }>("select version from ratchet.jobs where id = $1", [
    jobId,
  ]);
  const other = await database.pool.connect();
  await other.query("begin");
  // Readers pass, whoever locks rows waits.
  await other.query("lock table ratchet.tasks in exclusive mode");
  const claim = claimJobs(database.pool, engine.session.workerId, [jobId], {
    versions: [existing(rows[0]).version],
  });
  await waitUntil(async () => {
    const waiting = await database.pool.query(
      "select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()",
    );
    return waiting.rowCount === 1;
  });
  await other.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 1", [jobId]);
  await other.query("commit");
  other.release();
  expect((await claim).get(jobId)).toMatchObject({ outcome: "locked" });
  await engine.run(jobId);
  expect(callsOf(jobId)).toStrictEqual(["two", "three"]);
});

describe("a worker whose fence is no longer the newest", () => {
  test("writes nothing, and its run ends with LetGo", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const other = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const stale = engine.run(jobId);
    // It may end before the test looks.
    stale.catch(() => {});
    await gate.started;
    await database.pool.query("select ratchet_private.release_worker($1)", [engine.session.workerId]);
    const second = gateTwo();
    const fresh = other.run(jobId);
    await second.started;
    gate.open();
    await expect(stale).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "RUNNING", "PENDING"]);
    expect(engine.events.told("job.claimLost")).toMatchObject([{ jobId }]);
    second.open();
    await fresh;
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "two", "three"]);
    await other.close();
  });

  test("is told by its own mark: the running handler's signal is aborted", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    inTwo = async (signal) => {
      await database.pool.query("select ratchet_private.release_worker($1)", [engine.session.workerId]);
      // Nothing but the signal ends this handler.
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    };
    await expect(engine.run(jobId)).rejects.toMatchObject({ name: "LetGo", kind: "lost" });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "PENDING", "PENDING"]);
    expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
  });
});

describe("a hand-back", () => {
  test("on stop lets the running task end, begins no other, counts nothing and leaves a wake-up", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    const drained = engine.jobs.drain();
    gate.open();
    await Promise.all([run, drained]);
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "PENDING"]);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
    expect(engine.events.told("job.handedBack")).toMatchObject([{ jobId, reason: "the worker is stopping" }]);

    // A wake-up that comes while it stops is not lost either.
    await database.pool.query("select graphile_worker.remove_job('ratchet:' || $1)", [jobId]);
    await engine.run(jobId);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
  });

  test("after the grace aborts the handler; the task is PENDING again, uncounted", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const started = deferred();
    inTwo = async (signal) => {
      started.resolve();
      await new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("told to stop"));
        });
      });
    };
    const run = engine.run(jobId);
    await started.promise;
    engine.jobs.abort();
    await run;
    expect((await look(database.pool, jobId)).tasks[1]).toMatchObject({ status: "PENDING", attempts: 0 });
    expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
  });

  test("happens also when the session is closed over a run that goes on", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    expect(await engine.session.close()).toBe(1);
    gate.open();
    await expect(run).rejects.toThrow(/closed|after calling end/v);
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "PENDING", "PENDING"]);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
  });
});

describe("versions", () => {
  const newer = {
    three: defineJob()
      .task("one", () => 1)
      .task("renamed", () => 2),
  };

  test("a worker that does not know a job's version hands it back while another one knows it", async () => {
    const knowing = await startEngine({ url: database.url, definitions: newer });
    const jobId = await queue(database.pool, "three");
    engine = await startEngine({ url: database.url, definitions });
    await engine.run(jobId);
    expect(await look(database.pool, jobId)).toMatchObject({ status: "PENDING" });
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
    expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
    await knowing.run(jobId);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
    await knowing.close();
  });

  test("a version that nobody alive has known for 60 s fails the task, with RT120 and a retry", async () => {
    const knowing = await startEngine({ url: database.url, definitions: newer });
    const jobId = await queue(database.pool, "three");
    await knowing.close();
    engine = await startEngine({ url: database.url, definitions });
    await engine.run(jobId);
    expect((await look(database.pool, jobId)).status).toBe("PENDING");
    await advanceClock(database.pool, "61 s");
    await engine.run(jobId);
    const job = await look(database.pool, jobId);
    expect(job).toMatchObject({ status: "FAILED" });
    expect(job.nextAttemptAt).not.toBeNull();
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT120", position: 1 }]);
    expect(engine.events.told("task.failed")).toMatchObject([{ jobId, errorCode: "RT120" }]);
  });

  test("a task whose template is not in the code fails with RT117", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    await database.pool.query("update ratchet.tasks set template = 'gone' where job_id = $1 and position = 2", [jobId]);
    await engine.run(jobId);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT117", position: 2 }]);
    expect(callsOf(jobId)).toStrictEqual(["one"]);
  });
});

describe("a change by hand during a run", () => {
  test("is followed: a later task that was set to SKIPPED is not run", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    await database.pool.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 3", [
      jobId,
    ]);
    gate.open();
    await run;
    await engine.run(jobId);
    expect(callsOf(jobId)).toStrictEqual(["one", "two"]);
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "SKIPPED"]);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });

  test("of the running task itself: the worker's write is refused and the job goes on after it", async () => {
    engine = await startEngine({ url: database.url, definitions });
    const jobId = await queue(database.pool, "three");
    const gate = gateTwo();
    const run = engine.run(jobId);
    await gate.started;
    await database.pool.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 2", [
      jobId,
    ]);
    gate.open();
    await run.catch(() => {});
    await waitUntil(async () => {
      await engine.run(jobId);
      return (await look(database.pool, jobId)).status === "COMPLETED";
    });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "SKIPPED", "COMPLETED"]);
    expect(callsOf(jobId)).toStrictEqual(["one", "two", "three"]);
  });
});
