import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Checkpoint, CheckpointAnswer, FailedEnd } from "../../../src/database/calls/checkpoints.ts";
import { UNSTORABLE_FAILURE, describeThrown } from "../../../src/engine/failure.ts";
import {
  type FakePostgres,
  WRITTEN,
  answer,
  completed,
  createFakePostgres,
  ids,
  sqlError,
  writeAll,
  written,
} from "./fakePostgres.ts";

let postgres: FakePostgres;

beforeEach(() => {
  postgres = createFakePostgres();
});

afterEach(() => {
  postgres.close();
  vi.useRealTimers();
});

function failed(jobId: string, message = "no luck"): FailedEnd {
  return { kind: "failed", jobId, position: 1, fence: 1, elapsedMs: 5, failure: describeThrown(new Error(message)) };
}

/** Refuses a batch with one of these jobs in it. */
function refusing(...jobIds: readonly string[]): (items: readonly Checkpoint[]) => CheckpointAnswer[] {
  return (items) => {
    if (items.some(({ kind, jobId }) => kind === "completed" && jobIds.includes(jobId))) {
      throw sqlError("22P05");
    }
    return written(items);
  };
}

/** Gives up on a batch with a locked row, as lock_timeout does. */
function respectingLocks(items: readonly Checkpoint[]): CheckpointAnswer[] {
  if (items.some(({ jobId }) => postgres.lockedJobs.has(jobId))) {
    throw sqlError("55P03");
  }
  return written(items);
}

describe("a value that Postgres refuses", () => {
  test("fails its own task with RT116 and the reason; the others of its batch are written", async () => {
    const writer = postgres.writer();
    const blocking = writer.write(completed("99"));
    postgres.rule = refusing("13");
    const ends = writeAll(writer, ids(20));
    answer(postgres.batches[0]);
    await blocking;
    const answers = await ends;
    expect(answers.filter(({ replacedBy }) => replacedBy !== null)).toHaveLength(1);
    expect(answers[12]?.replacedBy).toMatchObject({
      code: "RT116",
      canRetry: false,
      message: "Postgres refused the task's result: Postgres says 22P05",
    });
    expect(postgres.batches.at(-1)?.items.length).toBeLessThan(20);
    const last = postgres.batches.findLast(({ items }) => items.some(({ jobId }) => jobId === "13"));
    expect(last?.items).toMatchObject([{ kind: "failed", jobId: "13", position: 1, fence: 1, elapsedMs: 5 }]);
  });

  test("is found by halving: two of 64 cost no more than some 25 commits", async () => {
    const writer = postgres.writer();
    const blocking = writer.write(completed("99"));
    postgres.rule = refusing("1", "64");
    const ends = writeAll(writer, ids(64));
    answer(postgres.batches[0]);
    await blocking;
    expect((await ends).filter(({ replacedBy }) => replacedBy !== null)).toHaveLength(2);
    expect(postgres.batches.length).toBeLessThanOrEqual(26);
  });

  test("in a failure's own text is replaced by a fixed text, so that the job does not loop", async () => {
    const writer = postgres.writer();
    postgres.rule = (items) => {
      if (items.some((item) => item.kind === "failed" && item.failure.message === "bad text")) {
        throw sqlError("22021");
      }
      return written(items);
    };
    expect(await writer.write(failed("1", "bad text"))).toMatchObject({ replacedBy: UNSTORABLE_FAILURE });
    expect(postgres.batches.at(-1)?.items).toMatchObject([{ kind: "failed", failure: UNSTORABLE_FAILURE }]);
  });

  test("even in the fixed text rejects, and is not tried for ever", async () => {
    const writer = postgres.writer();
    postgres.rule = () => {
      throw sqlError("22021");
    };
    await expect(writer.write(completed("1"))).rejects.toMatchObject({ code: "22021" });
    expect(postgres.batches).toHaveLength(3);
  });
});

describe("a row that somebody else holds", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    postgres.rule = respectingLocks;
  });

  test("is cut out; the others of its batch are written at once and later postgres.batches do not wait for it", async () => {
    postgres.lockedJobs.add("3");
    const writer = postgres.writer();
    const ends = ids(5).map((jobId) => writer.write(completed(jobId)));
    const settled: string[] = [];
    for (const [index, end] of ends.entries()) {
      void end.then(() => settled.push(String(index + 1)));
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toStrictEqual(["1", "2", "4", "5"]);
    expect(await writer.write(completed("6"))).toMatchObject({ outcome: "written" });

    await vi.advanceTimersByTimeAsync(500);
    expect(settled).not.toContain("3");
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(100);
    expect(await ends[2]).toMatchObject({ outcome: "written", replacedBy: null });
  });

  test("waits in a room of its own: its batch has a lane number of its own", async () => {
    postgres.lockedJobs.add("1");
    const end = postgres.writer().write(completed("1"));
    await vi.advanceTimersByTimeAsync(50);
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(100);
    expect((await end).batch).toBe("1-1");
  });

  test("among many costs its batch one lock_timeout and one look, not one a half", async () => {
    postgres.lockedJobs.add("7");
    const writer = postgres.writer();
    const ends = ids(64).map((jobId) => writer.write(completed(jobId)));
    await vi.advanceTimersByTimeAsync(0);
    expect(postgres.jobsOfBatches().map(({ length }) => length)).toStrictEqual([1, 63, 62]);
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(ends);
  });

  test("of a table that findFree does not see is found by halving", async () => {
    postgres.lockedJobs.add("3");
    const writer = postgres.writer({
      findFree: (checkpoints) => Promise.resolve(new Set(checkpoints.map(({ jobId }) => jobId))),
    });
    const ends = ids(5).map((jobId) => writer.write(completed(jobId)));
    await vi.advanceTimersByTimeAsync(0);
    await Promise.all(ends.filter((_, index) => index !== 2));
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(100);
    expect(await ends[2]).toMatchObject({ outcome: "written" });
  });

  test("and whose value is refused as well fails by that value when the lock is gone", async () => {
    postgres.lockedJobs.add("1");
    postgres.rule = (items) => {
      respectingLocks(items);
      return refusing("1")(items);
    };
    const end = postgres.writer().write(completed("1"));
    await vi.advanceTimersByTimeAsync(50);
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(100);
    expect((await end).replacedBy).toMatchObject({ code: "RT116" });
  });

  test("is not written any more once the writer is closed: its end rejects", async () => {
    postgres.lockedJobs.add("1");
    const writer = postgres.writer();
    const end = writer.write(completed("1"));
    end.catch(() => {});
    await vi.advanceTimersByTimeAsync(50);
    const before = postgres.batches.length;
    writer.abandon();
    await expect(end).rejects.toThrow("closed");
    postgres.lockedJobs.clear();
    await vi.advanceTimersByTimeAsync(1000);
    expect(postgres.batches).toHaveLength(before);
  });
});

describe("trouble of the database", () => {
  test("makes the whole batch go out again, the same; `already there` is the answer to a COMMIT that got lost", async () => {
    const end = postgres.writer().write(completed("1", { result: '"x"' }));
    postgres.batches[0]?.reject(new Error("Connection terminated unexpectedly"));
    const again = await postgres.batch(2);
    expect(again.items).toStrictEqual(postgres.batches[0]?.items);
    again.resolve([{ ...WRITTEN, outcome: "already there" }]);
    expect(await end).toMatchObject({ outcome: "already there", replacedBy: null });
  });

  test("keeps ends that arrive meanwhile for the next batch", async () => {
    const writer = postgres.writer();
    const ends = writeAll(writer, ["1", "2"]);
    postgres.batches[0]?.reject(sqlError("40P01"));
    answer(await postgres.batch(2));
    answer(await postgres.batch(3));
    await ends;
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["1"], ["2"]]);
  });

  test("that fails a repeat for its value still isolates that value", async () => {
    const end = postgres.writer().write(completed("1"));
    postgres.batches[0]?.reject(sqlError("57P01"));
    (await postgres.batch(2)).reject(sqlError("22P05"));
    answer(await postgres.batch(3));
    expect((await end).replacedBy).toMatchObject({ code: "RT116" });
  });
});
