import { expect, test } from "vitest";

import { viewOf } from "../../../src/dashboard/view/jobFilter.ts";
import { matchingInput } from "../../../src/dashboard/view/matchingOrder.ts";

const NOW = Date.parse("2026-11-23T10:00:30Z");
/** Jobs that are added later have been counted by nobody. */
const UP_TO_NOW = { createdBefore: "2026-11-23T10:00:30.000Z" };

function inputOf(order: "retry" | "cancel", search: string) {
  return matchingInput(order, viewOf(new URL(`http://127.0.0.1/jobs${search}`)), NOW);
}

test("an order takes the states it is for, with every other condition", () => {
  expect(inputOf("retry", "?state=failed,cancelled&identifier=publish&tenant=A&minutes=60")).toStrictEqual({
    status: ["FAILED", "CANCELLED"],
    identifier: "publish",
    tenant: "A",
    createdAfter: "2026-11-23T09:00:00.000Z",
    ...UP_TO_NOW,
  });
  expect(inputOf("retry", "?state=failed&endedFrom=2026-11-23T09:00Z&endedTo=2026-11-23T09:01Z")).toStrictEqual({
    status: ["FAILED"],
    finishedAfter: "2026-11-23T09:00:00.000Z",
    finishedBefore: "2026-11-23T09:01:00.000Z",
    ...UP_TO_NOW,
  });
  expect(inputOf("cancel", "?state=retrying,pending")).toStrictEqual({ status: ["FAILED", "PENDING"], ...UP_TO_NOW });
  expect(inputOf("retry", "?state=failed&text=order")).toStrictEqual({
    status: ["FAILED"],
    search: "order",
    ...UP_TO_NOW,
  });
  expect(inputOf("cancel", "?state=pending&addedTo=2026-11-23T08:00Z")).toStrictEqual({
    status: ["PENDING"],
    createdBefore: "2026-11-23T08:00:00.000Z",
  });
});

test.each([
  ["retry", "?state=failed,pending"],
  ["retry", "?identifier=publish"],
  ["cancel", "?state=failed"],
  ["cancel", "?state=pending&endedFrom=2026-11-23T09:00Z"],
] as const)("%s is not offered for all of %s", (order, search) => {
  expect(inputOf(order, search)).toBeNull();
});
