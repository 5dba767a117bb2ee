import { beforeEach, expect, test } from "vitest";

import { type SuspectPlace, createSuspectPlace } from "../../../src/engine/suspects.ts";

let woken: string[];
let place: SuspectPlace;

beforeEach(() => {
  woken = [];
  place = createSuspectPlace((jobId) => {
    woken.push(jobId);
  });
});

test("is taken by one, and its end wakes whoever waits longest", () => {
  expect(place.isFree()).toBe(true);
  place.take("1");
  expect(place.isFree()).toBe(false);
  place.refuse("2");
  place.refuse("3");
  place.refuse("2");
  place.release("1");
  expect(place.isFree()).toBe(true);
  expect(woken).toStrictEqual(["2"]);
  place.take("2");
  place.release("2");
  expect(woken).toStrictEqual(["2", "3"]);
});

test("is released by the one that runs alone, and once", () => {
  place.take("1");
  place.refuse("2");
  place.release("7");
  expect(place.isFree()).toBe(false);
  place.release("1");
  place.release("1");
  expect(woken).toStrictEqual(["2"]);
});

test("wakes nobody who has come back by itself meanwhile", () => {
  place.take("1");
  place.refuse("2");
  place.release("1");
  place.take("3");
  place.refuse("2");
  place.refuse("4");
  place.release("3");
  place.take("2");
  place.release("2");
  expect(woken).toStrictEqual(["2", "2", "4"]);
});
