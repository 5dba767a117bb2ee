import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { RunningMark } from "../../../src/database/calls/checkpoints.ts";
import { type MarkStore, type NotedMark, createMarkStore } from "../../../src/engine/runningMarks.ts";

/** What the store has let out whenever it said that something is due, one array each time. */
let taken: RunningMark[][];
/** How many its lane takes each time. */
let most: number;
let store: MarkStore;

beforeEach(() => {
  vi.useFakeTimers();
  taken = [];
  most = 10;
  store = createMarkStore(() => {
    taken.push(store.takeDue(most).map(({ mark }) => mark));
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function noted(jobId: string, given: Partial<RunningMark> = {}): NotedMark {
  const mark: RunningMark = { kind: "running", jobId, position: 1, fence: 1, elapsedMs: 0, progress: null, ...given };
  return { mark, onRefused: () => {} };
}

function takenIds(): string[][] {
  return taken.map((marks) => marks.map(({ jobId }) => jobId));
}

describe("a mark", () => {
  test("is due after 50 ms and not before", () => {
    store.put(noted("1"));
    vi.advanceTimersByTime(49);
    expect(store.takeDue(10)).toStrictEqual([]);
    vi.advanceTimersByTime(1);
    expect(takenIds()).toStrictEqual([["1"]]);
    expect(store.takeDue(10)).toStrictEqual([]);
  });

  test("says when it is written for how long its task has run, not when it was noted", () => {
    store.put(noted("1", { elapsedMs: 7 }));
    vi.advanceTimersByTime(50);
    expect(taken[0]?.[0]?.elapsedMs).toBe(57);
  });

  test("of a task that has ended is never written", () => {
    store.put(noted("1"));
    store.put(noted("2"));
    store.remove("1");
    vi.advanceTimersByTime(50);
    expect(takenIds()).toStrictEqual([["2"]]);
  });

  test("with newer progress takes the place of the earlier one and is due no later", () => {
    store.put(noted("1", { progress: 0.1 }));
    vi.advanceTimersByTime(40);
    store.put(noted("1", { progress: 0.2, elapsedMs: 40 }));
    vi.advanceTimersByTime(10);
    expect(taken).toMatchObject([[{ jobId: "1", progress: 0.2, elapsedMs: 50 }]]);
  });
});

describe("many marks", () => {
  test("have one timer, each its own time", () => {
    store.put(noted("1"));
    vi.advanceTimersByTime(20);
    store.put(noted("2"));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(30);
    expect(takenIds()).toStrictEqual([["1"]]);
    vi.advanceTimersByTime(20);
    expect(takenIds()).toStrictEqual([["1"], ["2"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("more than the lane takes at once come 50 ms later", () => {
    most = 2;
    for (const jobId of ["1", "2", "3"]) {
      store.put(noted(jobId));
    }
    vi.advanceTimersByTime(50);
    expect(takenIds()).toStrictEqual([["1", "2"]]);
    vi.advanceTimersByTime(50);
    expect(takenIds()).toStrictEqual([["1", "2"], ["3"]]);
  });

  test("are offered again while their lane is busy and takes none", () => {
    most = 0;
    store.put(noted("1"));
    vi.advanceTimersByTime(150);
    expect(takenIds()).toStrictEqual([[], [], []]);
    most = 1;
    vi.advanceTimersByTime(50);
    expect(takenIds().at(-1)).toStrictEqual(["1"]);
  });

  test("are gone with their timer when the writer is closed", () => {
    store.put(noted("1"));
    store.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(taken).toStrictEqual([]);
  });
});
