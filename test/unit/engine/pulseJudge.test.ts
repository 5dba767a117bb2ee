import { beforeEach, describe, expect, test } from "vitest";

import { type PulseJudge, createPulseJudge } from "../../../src/engine/pulseJudge.ts";

let now: number;
let judge: PulseJudge;

/** Looks every half second for so long; `beats` says what stands there at a time. */
function look(forMs: number, beats: (at: number) => readonly (readonly [number, string])[]): void {
  for (const end = now + forMs; now < end;) {
    now += 500;
    judge.see(beats(now));
  }
}

beforeEach(() => {
  now = 1_000_000;
  judge = createPulseJudge(() => now);
  judge.noteConnected();
});

describe("after ten seconds of looking", () => {
  beforeEach(() => {
    look(10_000, (at) => [[1, `beat at ${at}`]]);
  });

  test("who gives signs of life is not dead, however long it takes", () => {
    look(60_000, (at) => [[1, `beat at ${at}`]]);
    expect(judge.dead()).toStrictEqual([]);
  });

  test("who gives none for 1.5 s is dead if its lock is free, after 15 s in any case", () => {
    look(1000, () => [[1, "the last"]]);
    expect(judge.dead()).toStrictEqual([]);
    expect(judge.nextInMs()).toBe(1000);
    look(1000, () => [[1, "the last"]]);
    expect(judge.dead()).toStrictEqual([{ deadId: 1, beatAt: "the last", isSilent: false }]);
    expect(judge.nextInMs()).toBeNull();
    look(13_000, () => [[1, "the last"]]);
    expect(judge.dead()).toMatchObject([{ isSilent: false }]);
    look(500, () => [[1, "the last"]]);
    expect(judge.dead()).toMatchObject([{ isSilent: true }]);
  });

  test("the times themselves say nothing: clocks may jump", () => {
    look(5000, (at) => [[1, at % 1000 === 0 ? "2031-01-01" : "1999-01-01"]]);
    expect(judge.dead()).toStrictEqual([]);
  });

  test("who has ended is forgotten", () => {
    look(5000, () => [[1, "the last"]]);
    judge.see([]);
    expect(judge.dead()).toStrictEqual([]);
  });

  test("nobody is dead to one that did not look itself, until it has looked for long enough", () => {
    look(1000, () => [[1, "the last"]]);
    now += 20_000;
    expect(judge.dead()).toStrictEqual([]);
    judge.see([[1, "the last"]]);
    expect(judge.dead()).toStrictEqual([]);
    look(1500, () => [[1, "the last"]]);
    expect(judge.dead()).toMatchObject([{ deadId: 1, isSilent: false }]);
  });
});

test("who was seen alive over a new connection is judged at once: the restart is behind it", () => {
  look(1000, (at) => [
    [1, `beat at ${at}`],
    [2, "the last"],
  ]);
  look(2000, () => [
    [1, "the last"],
    [2, "the last"],
  ]);
  expect(judge.dead()).toStrictEqual([{ deadId: 1, beatAt: "the last", isSilent: false }]);
});

test("so is who came later than the connection, and who was seen alive before the observer itself was away", () => {
  look(500, () => []);
  look(2000, () => [[1, "its first"]]);
  expect(judge.dead()).toMatchObject([{ deadId: 1 }]);
  now += 20_000;
  look(1500, () => [[1, "its first"]]);
  expect(judge.dead()).toStrictEqual([]);
  look(500, () => [[1, "its first"]]);
  expect(judge.dead()).toMatchObject([{ deadId: 1 }]);
});

test("who has given no sign of life since a new connection is not dead within ten seconds", () => {
  look(9500, () => [[1, "the last"]]);
  expect(judge.dead()).toStrictEqual([]);
  expect(judge.nextInMs()).toBe(500);
  look(500, () => [[1, "the last"]]);
  expect(judge.dead()).toMatchObject([{ deadId: 1 }]);
  judge.noteConnected();
  look(9500, () => [[1, "the last"]]);
  expect(judge.dead()).toStrictEqual([]);
});

test("before the first connection nobody is dead", () => {
  const unconnected = createPulseJudge(() => now);
  unconnected.see([[1, "the last"]]);
  now += 30_000;
  expect(unconnected.dead()).toStrictEqual([]);
});
