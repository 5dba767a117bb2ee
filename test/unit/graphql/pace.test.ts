import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { type Pace, createPace } from "../../../src/graphql/subscriptions/pace.ts";
import { createTurns } from "../../../src/graphql/turns.ts";

const INTERVAL_MS = 100;
const REREAD_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function start(turns = createTurns(1)): { readonly pace: Pace; readonly begun: () => number } {
  const pace = createPace({ turns, intervalMs: INTERVAL_MS, rereadMs: REREAD_MS });
  let begun = 0;
  // As Grafast does: the next event is asked for as soon as there is a snapshot of the one before.
  async function readAll(): Promise<void> {
    while ((await pace.events.next()).done !== true) {
      begun++;
    }
  }
  void readAll();
  return { pace, begun: () => begun };
}

async function pass(timeMs = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(timeMs);
}

/** Takes the snapshot that was made and waits for the next one. */
function takeNext(pace: Pace): void {
  pace.noteMade();
  pace.demand();
}

describe("a snapshot", () => {
  test("is made at once when somebody is there to take it", async () => {
    const { pace, begun } = start();
    await pass(REREAD_MS);
    expect(begun()).toBe(0);
    pace.demand();
    await pass();
    expect(begun()).toBe(1);
  });

  test("is made of all changes since the one before, not sooner than an interval after it", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass();
    for (let change = 0; change < 50; change++) {
      pace.noteChange();
    }
    takeNext(pace);
    await pass(INTERVAL_MS - 1);
    expect(begun()).toBe(1);
    await pass(1);
    expect(begun()).toBe(2);
    takeNext(pace);
    await pass(REREAD_MS - 1);
    expect(begun()).toBe(2);
  });

  test("comes for a change that falls into the making of the one before, after a rest of three times as long", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass(INTERVAL_MS);
    pace.noteChange();
    await pass(INTERVAL_MS);
    expect(begun()).toBe(1);
    takeNext(pace);
    await pass(3 * 2 * INTERVAL_MS - 1);
    expect(begun()).toBe(1);
    await pass(1);
    expect(begun()).toBe(2);
  });

  test("that took long keeps the next one waiting no longer than one that was not announced", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass(REREAD_MS);
    takeNext(pace);
    pace.noteChange();
    await pass(REREAD_MS - 1);
    expect(begun()).toBe(1);
    await pass(1);
    expect(begun()).toBe(2);
  });

  test("waits for a client that takes none, and is made once it does", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass();
    pace.noteMade();
    for (let change = 0; change < 50; change++) {
      pace.noteChange();
      await pass(INTERVAL_MS);
    }
    expect(begun()).toBe(1);
    pace.demand();
    await pass();
    expect(begun()).toBe(2);
  });

  test("is made after a while though nothing was heard", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass();
    takeNext(pace);
    await pass(REREAD_MS);
    expect(begun()).toBe(2);
  });

  test("is made again soon after trouble", async () => {
    const { pace, begun } = start();
    pace.demand();
    await pass();
    pace.noteMade(1000);
    pace.demand();
    await pass(999);
    expect(begun()).toBe(1);
    await pass(1);
    expect(begun()).toBe(2);
  });
});

describe("streams that share turns", () => {
  test("make no more snapshots at once than there are turns, in the order they came", async () => {
    const turns = createTurns(1);
    const streams = [start(turns), start(turns), start(turns)];
    for (const { pace } of streams) {
      pace.demand();
    }
    await pass();
    expect(streams.map(({ begun }) => begun())).toStrictEqual([1, 0, 0]);
    streams[0]?.pace.noteMade();
    await pass();
    expect(streams.map(({ begun }) => begun())).toStrictEqual([1, 1, 0]);
  });

  test("give their turn on when they end, waiting or reading", async () => {
    const turns = createTurns(1);
    const [reading, waiting, last] = [start(turns), start(turns), start(turns)];
    for (const { pace } of [reading, waiting, last]) {
      pace.demand();
    }
    waiting.pace.stop();
    reading.pace.stop();
    reading.pace.stop();
    await pass();
    expect(waiting.begun()).toBe(0);
    expect(last.begun()).toBe(1);
  });
});
