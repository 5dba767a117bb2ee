import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { describeThrown } from "../../../src/engine/failure.ts";
import {
  type FakePostgres,
  WRITTEN,
  answer,
  completed,
  createFakePostgres,
  ids,
  running,
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

describe("natural batching", () => {
  test("an end goes out at once; what arrives while it is in flight shares the next commit", async () => {
    const ends = writeAll(postgres.writer(), ["1", "2", "3"]);
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"]]);
    answer(postgres.batches[0]);
    answer(await postgres.batch(2));
    expect((await ends).map(({ batch }) => batch)).toStrictEqual(["0-1", "0-2", "0-2"]);
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2", "3"]]);
  });

  test("no end is durable before the answer to its own commit", async () => {
    const writer = postgres.writer();
    const settled: string[] = [];
    const ends = ["1", "2"].map(async (jobId) => {
      await writer.write(completed(jobId));
      settled.push(jobId);
    });
    answer(postgres.batches[0]);
    const second = await postgres.batch(2);
    expect(settled).toStrictEqual(["1"]);
    answer(second);
    await Promise.all(ends);
    expect(settled).toStrictEqual(["1", "2"]);
  });

  test("a batch is in the order of the ids as numbers, because Postgres locks in that order", async () => {
    const ends = writeAll(postgres.writer(), ["5", "100", "9", "20"]);
    answer(postgres.batches[0]);
    answer(await postgres.batch(2));
    await ends;
    expect(postgres.jobsOfBatches()[1]).toStrictEqual(["9", "20", "100"]);
  });

  test("each waiting end gets the answer to its own task", async () => {
    const writer = postgres.writer();
    postgres.rule = (items) => items.map(({ jobId }) => ({ ...WRITTEN, retryInMs: Number(jobId) }));
    const answers = await writeAll(writer, ["7", "3", "5", "1"]);
    expect(answers.map(({ retryInMs }) => retryInMs)).toStrictEqual([7, 3, 5, 1]);
  });

  test("jobs are told after their commit, batch by batch", async () => {
    const ends = writeAll(postgres.writer(), ["1", "2", "3"]);
    expect(postgres.told).toStrictEqual([]);
    answer(postgres.batches[0]);
    answer(await postgres.batch(2));
    await ends;
    expect(postgres.told).toStrictEqual([["1"], ["2", "3"]]);
  });
});

describe("commits at once", () => {
  test("what ends in one turn of the event loop shares a commit", async () => {
    postgres.rule = written;
    await writeAll(postgres.writer({ soon: undefined }), ids(20));
    expect(postgres.jobsOfBatches()).toStrictEqual([ids(20)]);
  });

  test("a second one begins when enough waits, and a third waits for one of them", async () => {
    const ends = writeAll(postgres.writer({ enoughForSecond: 3 }), ids(9));
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2", "3", "4"]]);
    answer(postgres.batches[1]);
    await postgres.batch(3);
    expect(postgres.jobsOfBatches()[2]).toStrictEqual(["5", "6", "7", "8", "9"]);
    postgres.rule = written;
    answer(postgres.batches[0]);
    answer(postgres.batches[2]);
    await ends;
  });

  test("less waits for the commit in flight", async () => {
    const ends = writeAll(postgres.writer({ enoughForSecond: 3 }), ids(3));
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"]]);
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2", "3"]]);
  });

  test("none begins beside one with a mark, because its task's end may be among what waits", async () => {
    vi.useFakeTimers();
    const writer = postgres.writer({ enoughForSecond: 2 });
    writer.mark(running("1"), () => {});
    await vi.advanceTimersByTimeAsync(50);
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"]]);
    const ends = writeAll(writer, ids(5));
    expect(postgres.batches).toHaveLength(1);
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ids(5)]);
  });
});

describe("the size of a batch", () => {
  test("has a most of items", async () => {
    const writer = postgres.writer({ mostItems: 2 });
    const ends = writeAll(writer, ids(6));
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2", "3"], ["4", "5"], ["6"]]);
  });

  test("has a most of characters of results; one result over it goes alone", async () => {
    const writer = postgres.writer({ mostCharacters: 10 });
    const sizes = [0, 4, 6, 1, 50, 3, 3];
    const ends = sizes.map((size, index) => writer.write(completed(String(index + 1), { result: "x".repeat(size) })));
    postgres.rule = written;
    answer(postgres.batches[0]);
    await Promise.all(ends);
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2", "3"], ["4"], ["5"], ["6", "7"]]);
  });
});

describe("the size of a batch of failures", () => {
  test("has the same most: messages and stacks count", async () => {
    const writer = postgres.writer({ mostCharacters: 100 });
    const ends = ["1", "2", "3", "4"].map((jobId) => {
      const failure = { ...describeThrown(new Error("x".repeat(30))), stack: "y".repeat(30) };
      return writer.write({ kind: "failed", jobId, position: 1, fence: 1, elapsedMs: 1, failure });
    });
    postgres.rule = written;
    answer(postgres.batches[0]);
    await Promise.all(ends);
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"], ["2"], ["3"], ["4"]]);
  });
});

describe("a running mark", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    postgres.rule = written;
  });

  test("is written when its task has run for 50 ms, and not before", async () => {
    postgres.writer().mark(running("1"), () => {});
    await vi.advanceTimersByTimeAsync(49);
    expect(postgres.batches).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(postgres.batches.map(({ items }) => items)).toMatchObject([
      [{ kind: "running", jobId: "1", elapsedMs: 50 }],
    ]);
  });

  test("is never written once its task's end is on its way", async () => {
    const writer = postgres.writer();
    writer.mark(running("1"), () => {});
    await vi.advanceTimersByTimeAsync(49);
    await writer.write(completed("1"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(postgres.batches.map(({ items }) => items.map(({ kind }) => kind))).toStrictEqual([["completed"]]);
  });

  test("is merged into its task's end if both wait behind the same commit", async () => {
    const writer = postgres.writer();
    postgres.rule = undefined;
    const first = writer.write(completed("9"));
    writer.mark(running("1"), () => {});
    await vi.advanceTimersByTimeAsync(60);
    const end = writer.write(completed("1"));
    answer(postgres.batches[0]);
    await first;
    answer(await postgres.batch(2));
    await end;
    expect(postgres.batches[1]?.items).toMatchObject([{ kind: "completed", jobId: "1" }]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(postgres.batches).toHaveLength(2);
  });

  test("that a handler gives after its task's end, while that end still waits, is not written beside it", async () => {
    const writer = postgres.writer();
    postgres.rule = undefined;
    const ends = writeAll(writer, ["9", "1"]);
    writer.mark(running("1", { progress: 0.9 }), () => {});
    await vi.advanceTimersByTimeAsync(60);
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.batches.map(({ items }) => items.map(({ kind }) => kind))).toStrictEqual([
      ["completed"],
      ["completed"],
    ]);
  });

  test("of another job shares the commit of an end", async () => {
    const writer = postgres.writer();
    postgres.rule = undefined;
    const ends = writeAll(writer, ["8", "9"]);
    writer.mark(running("1"), () => {});
    await vi.advanceTimersByTimeAsync(60);
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.batches[1]?.items.map(({ kind, jobId }) => `${kind} ${jobId}`)).toStrictEqual([
      "running 1",
      "completed 9",
    ]);
  });

  test("leaves room for the ends: both together are a batch's most items", async () => {
    const writer = postgres.writer({ mostItems: 2 });
    postgres.rule = undefined;
    const ends = writeAll(writer, ["7", "8"]);
    for (const jobId of ["1", "2"]) {
      writer.mark(running(jobId), () => {});
    }
    await vi.advanceTimersByTimeAsync(60);
    postgres.rule = written;
    answer(postgres.batches[0]);
    await ends;
    expect(postgres.batches[1]?.items).toHaveLength(2);
  });

  test("is forgotten on unmark", async () => {
    const writer = postgres.writer();
    writer.mark(running("1"), () => {});
    writer.unmark("1");
    await vi.advanceTimersByTimeAsync(1000);
    expect(postgres.batches).toHaveLength(0);
  });

  test.each([
    ["refused", 1],
    ["written", 0],
    ["already there", 0],
  ] as const)("that is answered %s tells its attempt %i times", async (outcome, times) => {
    let refusals = 0;
    postgres.rule = (items) => items.map(() => ({ ...WRITTEN, outcome }));
    postgres.writer().mark(running("1"), () => {
      refusals++;
    });
    await vi.advanceTimersByTimeAsync(60);
    expect(refusals).toBe(times);
  });

  test("that Postgres refuses as a value harms no end of its batch", async () => {
    const writer = postgres.writer();
    postgres.rule = undefined;
    const first = writer.write(completed("9"));
    writer.mark(running("1", { progress: 5 }), () => {});
    await vi.advanceTimersByTimeAsync(60);
    const end = writer.write(completed("2"));
    postgres.rule = (items) => {
      if (items.some(({ kind }) => kind === "running")) {
        throw sqlError("23514");
      }
      return written(items);
    };
    answer(postgres.batches[0]);
    await first;
    expect(await end).toMatchObject({ outcome: "written", replacedBy: null });
  });
});

describe("abandon", () => {
  test("rejects what is in flight and what waits, and writes nothing more", async () => {
    const writer = postgres.writer();
    const ends = ["1", "2"].map((jobId) => writer.write(completed(jobId)));
    writer.abandon();
    for (const end of ends) {
      await expect(end).rejects.toThrow("closed");
    }
    answer(postgres.batches[0]);
    await expect(writer.write(completed("3"))).rejects.toThrow("closed");
    expect(postgres.jobsOfBatches()).toStrictEqual([["1"]]);
  });

  test("forgets marks and takes no new ones", async () => {
    vi.useFakeTimers();
    postgres.rule = written;
    const writer = postgres.writer();
    writer.mark(running("1"), () => {});
    writer.abandon();
    writer.mark(running("2"), () => {});
    await vi.advanceTimersByTimeAsync(1000);
    expect(postgres.batches).toHaveLength(0);
  });

  test("twice does no harm", () => {
    const writer = postgres.writer();
    writer.abandon();
    expect(() => {
      writer.abandon();
    }).not.toThrow();
  });
});
