import { describe, expect, test } from "vitest";

import type { PlannedTask } from "../../../src/database/calls/claims.ts";
import { type ReadResults, type ResultStore, createResultStore } from "../../../src/engine/results.ts";

const plan = [
  planned(1, "validate", "validate"),
  planned(2, "upload[1]", "upload"),
  planned(3, "upload[2]", "upload"),
  planned(4, "create", "create"),
] as const;
const shapes = [
  { key: "validate", each: null },
  { key: "upload", each: { path: "$.images", property: "images" } },
  { key: "create", each: null },
];

function planned(position: number, key: string, template: string): PlannedTask {
  return { position, key, template, name: key, status: "PENDING", attempts: 0, input: null };
}

function storeOf(readResults: ReadResults = () => Promise.reject(new Error("must not be read"))): {
  store: ResultStore;
  reads: string[];
} {
  const reads: string[] = [];
  const store = createResultStore(plan, shapes, (template, before) => {
    reads.push(`${template} before ${before}`);
    return readResults(template, before);
  });
  return { store, reads };
}

describe("results", () => {
  test("of this attempt are given without a question to Postgres, parsed anew for each task", async () => {
    const { store, reads } = storeOf();
    store.remember(plan[0], '{"size":1}');
    const first = await store.before(plan[1])["validate"];
    expect(first).toStrictEqual({ size: 1 });
    Object.assign(first as object, { size: 2 });
    expect(await store.before(plan[3])["validate"]).toStrictEqual({ size: 1 });
    expect(reads).toStrictEqual([]);
  });

  test("are an array for a forEach, in the plan's order, and null where nothing was returned", async () => {
    const { store } = storeOf();
    store.remember(plan[2], "3");
    store.remember(plan[1], null);
    expect(await store.before(plan[3])["upload"]).toStrictEqual([null, 3]);
  });

  test("of an earlier attempt are read once, whole, and only when a handler asks", async () => {
    const { store, reads } = storeOf(() => Promise.resolve(["1", "2"]));
    store.remember(plan[2], '"of this attempt"');
    const results = store.before(plan[3]);
    expect(reads).toStrictEqual([]);
    expect(await results["upload"]).toStrictEqual([1, 2]);
    expect(results["upload"]).toBe(results["upload"]);
    expect(reads).toStrictEqual(["upload before 4"]);
  });

  test("of the task itself and of later ones are not there", () => {
    const { store } = storeOf();
    expect(Object.keys(store.before(plan[0]))).toStrictEqual([]);
    expect(Object.keys(store.before(plan[2]))).toStrictEqual(["validate"]);
    expect(Object.keys(store.before(plan[3]))).toStrictEqual(["validate", "upload"]);
  });

  test("over a mebibyte in one attempt are left to Postgres", async () => {
    const { store, reads } = storeOf(() => Promise.resolve(['"from Postgres"']));
    store.remember(plan[0], JSON.stringify("x".repeat(1_048_576)));
    expect(await store.before(plan[3])["validate"]).toBe("from Postgres");
    expect(reads).toStrictEqual(["validate before 4"]);
  });

  test("of a key that objects have anyway are found all the same", async () => {
    const last = planned(2, "last", "last");
    const store = createResultStore(
      [planned(1, "constructor", "constructor"), last],
      [
        { key: "constructor", each: null },
        { key: "last", each: null },
      ],
      () => Promise.resolve(["7"]),
    );
    expect(await Promise.all(Object.values(store.before(last)))).toStrictEqual([7]);
    expect(store.before(last).constructor).toBeInstanceOf(Promise);
  });

  test("that cannot be read reject, and end no process if the handler did not wait for them", async () => {
    const { store } = storeOf(() => Promise.reject(new Error("Postgres is away")));
    const results = store.before(plan[3]);
    void results["validate"];
    await expect(results["upload"]).rejects.toThrow("Postgres is away");
  });
});
