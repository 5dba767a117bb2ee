import { expect, test } from "vitest";

import { filterOf, viewOf } from "../../../src/dashboard/view/jobFilter.ts";

function filter(search: string, nowMs = 0): unknown {
  return filterOf(viewOf(new URL(`http://localhost/jobs${search}`)), nowMs);
}

test("without parameters all jobs are shown", () => {
  expect(filter("")).toStrictEqual({});
});

test("an address with times beyond all clocks shows a list all the same", () => {
  expect(filter("?minutes=9007199254740991", Date.UTC(2026, 10, 23))).toStrictEqual({
    createdAt: { greaterThanOrEqualTo: "2016-11-25T00:00:00.000Z" },
  });
  expect(filter("?addedFrom=%2B275760-09-13T00:00:00Z&endedTo=-000001-01-01T00:00:00Z")).toStrictEqual({});
});

test("all parameters hold at once", () => {
  expect(filter("?state=failed&identifier=publish&tenant=A&text=listing:7&minutes=60", 7_230_000)).toStrictEqual({
    status: { equalTo: "FAILED" },
    finishedAt: { isNull: false },
    identifier: { equalTo: "publish" },
    tenant: { equalTo: "A" },
    search: "listing:7",
    createdAt: { greaterThanOrEqualTo: "1970-01-01T01:00:00.000Z" },
  });
});

test("an order that needs more is taken only where the list is narrowed so", () => {
  const order = (search: string): string => viewOf(new URL(`http://localhost/jobs${search}`)).order;
  expect(order("?order=ended")).toBe("newest");
  expect(order("?order=ended&state=failed")).toBe("newest");
  expect(order("?order=ended&state=failed,pending&identifier=publish")).toBe("newest");
  expect(order("?order=ended&state=failed&identifier=publish")).toBe("ended");
  expect(filter("?order=retry&state=retrying")).toMatchObject({ isFinal: false });
});

test("what somebody made up in an address is left out", () => {
  expect(filter("?state=toString&minutes=-3")).toStrictEqual({});
  expect(filter("?minutes=x")).toStrictEqual({});
});

test("several states are any of them; an end between two times holds beside them", () => {
  expect(filter("?state=pending,failed&endedFrom=1970-01-01T01:00Z&endedTo=1970-01-01T01:01Z")).toStrictEqual({
    or: [
      { status: { equalTo: "PENDING" }, finishedAt: { isNull: true } },
      { status: { equalTo: "FAILED" }, finishedAt: { isNull: false } },
    ],
    and: [
      {
        finishedAt: { greaterThanOrEqualTo: "1970-01-01T01:00:00.000Z", lessThan: "1970-01-01T01:01:00.000Z" },
      },
    ],
  });
  expect(filter("?addedFrom=1970-01-01T01:00Z")).toStrictEqual({
    createdAt: { greaterThanOrEqualTo: "1970-01-01T01:00:00.000Z" },
  });
});
