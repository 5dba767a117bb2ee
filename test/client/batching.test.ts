import { describe, expect, test } from "vitest";

import { createAddQueue } from "../../src/client/addQueue.ts";
import { payloadText, prepareJob } from "../../src/client/addOptions.ts";
import { createConnections } from "../../src/client/connections.ts";
import type { JobOptions } from "../../src/index.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";
import { createClientBench, rejection, single } from "./clientBench.ts";

const bench = createClientBench();

/** How many transactions wrote the jobs of a tenant. */
async function countCommits(tenant: string): Promise<number> {
  const [row] = await bench.rows<{ commits: number }>(
    "select count(distinct xmin::text)::int as commits from ratchet.jobs where tenant = $1",
    [tenant],
  );
  return row?.commits ?? 0;
}

test("calls at the same time share commits, and ids follow the order of the calls", async () => {
  const ratchet = bench.client({ tenant: "together" });
  const jobs = await Promise.all(Array.from({ length: 200 }, (_, n) => ratchet.add(single, { n })));
  expect(await countCommits("together")).toBeLessThanOrEqual(3);
  const ids = jobs.map(({ id }) => Number(id));
  expect(ids).toStrictEqual(ids.toSorted((one, other) => one - other));
  expect(
    await bench.rows("select (payload ->> 'n')::int as n from ratchet.jobs where tenant = 'together' order by id"),
  ).toStrictEqual(Array.from({ length: 200 }, (_, n) => ({ n })));
});

test("a call resolves after its commit: another session sees the job", async () => {
  const ratchet = bench.client({ tenant: "visible" });
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { id } = await ratchet.add(single, {});
      expect(await bench.rows("select from ratchet.jobs where id = $1", [id])).toHaveLength(1);
    }),
  );
});

test("jobs that are refused fail alone, each with its own error", async () => {
  const ratchet = bench.client({ tenant: "some bad" });
  const given: [string, object, JobOptions?][] = [
    ["single", { n: 0 }],
    ["nonsense", {}],
    ["single", { n: 1 }],
    ["publish", { title: "No images" }],
    ["single", { zero: "\0" }],
    ["single", { n: 2 }, { priority: 40_000 }],
    ["publish", { title: "No task", images: [] }, { taskNames: ["upload"] }],
    ["single", { n: 3 }, { jobKey: `${TEST_SCHEMAS.ratchet}:mine` }],
    ["single", { surrogate: "\uD800" }],
    ["single", { n: 4 }],
  ];
  const answers = await Promise.allSettled(
    given.map(([name, payload, options]) => ratchet.add(name, payload, { ...options, checkPayload: false })),
  );
  expect(answers.map((answer) => (answer.status === "fulfilled" ? "added" : answer.reason))).toMatchObject([
    "added",
    { code: "RT001", message: 'No definition "nonsense" is registered.' },
    "added",
    { code: "RT003", message: expect.stringMatching(/^The tasks "upload" of "publish" come from/v) },
    { code: "RT116" },
    { code: "RT006", message: "priority must be between -32768 and 32767 and is 40000." },
    { code: "RT008" },
    { code: "RT007" },
    { code: "RT116" },
    "added",
  ]);
  expect(await bench.rows("select payload from ratchet.jobs where tenant = 'some bad' order by id")).toStrictEqual([
    { payload: { n: 0 } },
    { payload: { n: 1 } },
    { payload: { n: 4 } },
  ]);
});

test("one key twice in a batch is as if one call came after the other", async () => {
  const ratchet = bench.client({ tenant: "twice" });
  const [first, second] = await Promise.all([
    ratchet.add(single, { n: 1 }, { jobKey: "k" }),
    ratchet.add(single, { n: 2 }, { jobKey: "k" }),
  ]);
  expect(second.id).toBe(first.id);
  expect(await ratchet.get(first)).toMatchObject({ payload: { n: 2 } });
});

test("jobs that are too much for one statement together are added apart", async () => {
  const url = new URL(bench.database().url);
  url.searchParams.set("options", "-c statement_timeout=1000");
  const ratchet = bench.client({ connectionString: url.href, tenant: "apart" });
  await bench.rows(`
    create function slow_insert() returns trigger language plpgsql as $$
      begin perform pg_sleep(600) where new.payload ? 'slow'; return new; end $$;
    create trigger slow before insert on ${TEST_SCHEMAS.ratchet}.jobs for each row execute function slow_insert()`);
  try {
    const answers = await Promise.allSettled(
      [{ n: 1 }, { slow: 1 }, { n: 2 }].map((payload) => ratchet.add(single, payload)),
    );
    expect(answers).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "57014" } },
      { status: "fulfilled" },
    ]);
  } finally {
    await bench.rows("drop function slow_insert cascade");
  }
});

describe("with small limits", () => {
  function createQueue({
    heldKeyTimeoutMs = 200,
    ...limits
  }: {
    jobs: number;
    characters: number;
    heldKeyTimeoutMs?: number;
  }) {
    const connections = createConnections({ connectionString: bench.database().url, schemas: TEST_SCHEMAS });
    const queue = createAddQueue(connections, { ...limits, batchLockTimeoutMs: 50, heldKeyTimeoutMs });
    return {
      add: (tenant: string, payload: object, options: JobOptions = {}) =>
        queue.add(prepareJob("single", payloadText("single", payload), options, tenant)),
      [Symbol.asyncDispose]: () => connections.close(),
    };
  }

  test("a batch has so many jobs at most", async () => {
    await using queue = createQueue({ jobs: 10, characters: 1e6 });
    await Promise.all(Array.from({ length: 95 }, (_, n) => queue.add("by ten", { n })));
    expect(await countCommits("by ten")).toBe(10);
  });

  test("a batch is so long at most, and a longer job goes alone", async () => {
    await using queue = createQueue({ jobs: 1000, characters: 1000 });
    const long = "x".repeat(2000);
    await Promise.all(["a", "b", long, "c", "d"].map((text) => queue.add("by length", { text })));
    expect(await countCommits("by length")).toBe(3);
  });

  test("a key that another transaction holds keeps nobody else waiting, and is an error after a while", async () => {
    await using queue = createQueue({ jobs: 10, characters: 1e6 });
    const holder = await bench.database().pool.connect();
    try {
      await holder.query("begin");
      await holder.query("select ratchet.add_job('single', '{}', job_key => 'held', tenant => 'keys')");
      const held = rejection(queue.add("keys", { n: 1 }, { jobKey: "held" }));
      const others = Promise.all([
        queue.add("keys", { n: 2 }),
        queue.add("keys", { n: 3 }, { jobKey: "free" }),
        queue.add("keys", { n: 4 }),
      ]);
      expect((await others).map(({ tenant }) => tenant)).toStrictEqual(["keys", "keys", "keys"]);
      expect(await held).toMatchObject({
        code: "RT128",
        retryable: true,
        message: 'The job key "held" has been held by another transaction for 0.2 s.',
      });
    } finally {
      await holder.query("rollback");
      holder.release();
    }
  });

  test("many held keys leave connections to the others", async () => {
    await using queue = createQueue({ jobs: 100, characters: 1e6, heldKeyTimeoutMs: 60_000 });
    const holder = await bench.database().pool.connect();
    const keys = Array.from({ length: 25 }, (_, n) => `one of many ${n}`);
    await holder.query("begin");
    for (const key of keys) {
      await holder.query("select ratchet.add_job('single', '{}', job_key => $1, tenant => 'keys')", [key]);
    }
    let isAnyHeldAdded = false;
    const held = Promise.all(keys.map((jobKey) => queue.add("keys", {}, { jobKey }))).finally(() => {
      isAnyHeldAdded = true;
    });
    await queue.add("keys", {});
    // By now each held key is known to be held.
    await queue.add("keys", {});
    expect(isAnyHeldAdded).toBe(false);
    await holder.query("rollback");
    holder.release();
    expect(new Set((await held).map(({ id }) => id)).size).toBe(keys.length);
  });

  test("jobs for a held key are added in order once it is free", async () => {
    await using queue = createQueue({ jobs: 10, characters: 1e6 });
    const holder = await bench.database().pool.connect();
    await holder.query("begin");
    await holder.query("select ratchet.add_job('single', '{}', job_key => 'soon', tenant => 'keys')");
    const first = queue.add("keys", { n: 1 }, { jobKey: "soon" });
    const second = queue.add("keys", { n: 2 }, { jobKey: "soon" });
    await queue.add("keys", { n: 3 });
    await waitUntil(
      async () => {
        const waiting = await bench.rows(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return waiting.length > 0;
      },
      { what: "the first one to wait for the key" },
    );
    await holder.query("commit");
    holder.release();
    const ids = [(await first).id, (await second).id];
    expect(new Set(ids).size).toBe(1);
    expect(await bench.rows("select payload from ratchet.jobs where id = $1", [ids[0]])).toStrictEqual([
      { payload: { n: 2 } },
    ]);
  });
});
