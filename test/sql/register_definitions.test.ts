import type pg from "pg";
import { describe, expect, test } from "vitest";

import { type DefinitionRow, registerDefinitions } from "../../src/database/calls/definitions.ts";
import {
  addJob,
  addPublish,
  addSingle,
  addWorker,
  errorOf,
  pidOf,
  publish,
  readTasks,
  register,
  single,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";

const sql = useSql();

describe("the version that add_job uses", () => {
  const current = async (identifier: string): Promise<string | null> => (await addSingle(sql, { identifier })).version;

  test("is the one registered last, unless an older one comes back while a live worker knows the newer", async () => {
    const [one, two] = [
      single({ identifier: "rolling", version: "r1" }),
      single({ identifier: "rolling", version: "r2" }),
    ];
    await register(sql, [one]);
    await register(sql, [two]);
    expect(await current("rolling")).toBe("r2");
    const worker = await addWorker(sql, ["r2"]);
    await register(sql, [one]);
    expect(await current("rolling")).toBe("r2");
    await register(sql, [one], true);
    expect(await current("rolling")).toBe("r1");
    await register(sql, [two], true);
    expect(await current("rolling")).toBe("r2");
    // A roll-back: nobody alive has the newer one any more.
    await sql.rows("update ratchet.workers set stopped_at = now() where id = $1", [worker]);
    await register(sql, [one]);
    expect(await current("rolling")).toBe("r1");
    // Nor has a worker that was killed.
    await register(sql, [two], true);
    const killed = await addWorker(sql, ["r2"]);
    await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '16 s' where id = $1", [killed]);
    await register(sql, [one]);
    expect(await current("rolling")).toBe("r1");
  });

  test("waits for another registration longer than a worker's connection waits for a row", async () => {
    const registerIn = (session: pg.PoolClient, version: string): Promise<unknown> =>
      session.query("select ratchet_private.register_definitions($1, false)", [
        JSON.stringify([single({ identifier: "awaited", version })]),
      ]);
    await withTwoSessions(sql, async (other, worker) => {
      await other.query("begin");
      await registerIn(other, "a1");
      await worker.query("set lock_timeout = '1ms'");
      const pid = await pidOf(worker);
      const registered = registerIn(worker, "a2");
      await untilBlocked(sql, pid);
      await other.query("commit");
      await registered;
    });
    expect(await current("awaited")).toBe("a2");
  });

  test("takes new titles and a new policy without being another version", async () => {
    await register(sql, [single({ identifier: "worded", version: "w1" })]);
    const before = await sql.row("select registered_at, current_since from ratchet.definitions where version = 'w1'");
    await register(sql, [
      single({
        identifier: "worded",
        version: "w1",
        max_attempts: 9,
        templates: [{ key: "only", title: "Reworded", each: null }],
      }),
    ]);
    expect(
      await sql.row("select registered_at, current_since from ratchet.definitions where version = 'w1'"),
    ).toStrictEqual(before);
    const { id } = await addSingle(sql, { identifier: "worded" });
    expect(await readTasks(sql, id)).toMatchObject([{ name: "Reworded" }]);
    expect(await sql.value("select max_attempts from ratchet.definitions where version = 'w1'")).toBe(9);
  });
});

test("payload schema, time-out and retention are taken anew without being another version", async () => {
  const stored = (): Promise<Record<string, unknown>> =>
    sql.row(
      `select payload_schema, extract(epoch from timeout)::int as timeout_s, extract(day from keep_completed)::int as completed_days, keep_failed >= interval '1000 years' as failed_for_ever
       from ratchet.definitions where identifier = 'kept'`,
    );
  const row: DefinitionRow = {
    identifier: "kept",
    version: "k1",
    templates: [{ key: "only", title: "Only", each: null }],
    maxAttempts: 5,
    retryDelayMs: 30_000,
    retryBackoff: 1,
    retryMaxDelayMs: null,
    retryJitter: 0,
    timeoutMs: 600_000,
    payloadSchema: { type: "object" },
    keepCompleted: 7 * 86_400_000,
    keepFailed: "forever",
    hidePayloads: true,
  };
  await registerDefinitions(sql.pool(), [row], false);
  expect(await stored()).toStrictEqual({
    payload_schema: { type: "object" },
    timeout_s: 600,
    completed_days: 7,
    failed_for_ever: true,
  });
  await registerDefinitions(
    sql.pool(),
    [{ ...row, timeoutMs: null, payloadSchema: null, keepCompleted: null, keepFailed: 1 }],
    false,
  );
  expect(await stored()).toStrictEqual({
    payload_schema: null,
    timeout_s: null,
    completed_days: null,
    failed_for_ever: false,
  });
});

describe("a source of tasks", () => {
  const withEach = (each: string): Promise<void> =>
    register(
      sql,
      [publish({ identifier: "source", version: each, templates: [{ key: "part", title: "Part {n}", each }] })],
      true,
    );

  test.each(["strict $.**", 'strict $."a".**{2}', "strict $.a[*].**.b"])(
    "with ** is refused (RT012): %s",
    async (each) => {
      expect(await errorOf(withEach(each))).toMatchObject({
        code: "RT012",
        message: `The source ${each} of the tasks "part" in "source" cannot be used.`,
        hint: 'Use a strict jsonpath without "**", such as strict $."images"[*].',
      });
    },
  );

  test.each(["$.images[*]", "lax $.images[*]", ""])("that is not strict is refused (RT012): %j", async (each) => {
    expect(await errorOf(withEach(each))).toMatchObject({ code: "RT012" });
  });

  test.each(["strict $.", "strict images", "strict $.a[", 'strict $.a ? (@ like_regex "[")'])(
    "that is no jsonpath is refused (RT012): %s",
    async (each) => {
      expect(await errorOf(withEach(each))).toMatchObject({
        code: "RT012",
        message: `The source ${each} of the tasks "part" in "source" is no jsonpath.`,
        detail: expect.stringMatching(/^Postgres says: /v),
      });
    },
  );

  test("one that is refused registers nothing of its call", async () => {
    const bad = publish({ identifier: "zzz", templates: [{ key: "part", title: "Part", each: "lax $" }] });
    await errorOf(register(sql, [single({ identifier: "aaa" }), bad]));
    expect(await sql.rows("select * from ratchet.definitions where identifier in ('aaa', 'zzz')")).toStrictEqual([]);
  });

  test("may be any strict jsonpath: nested arrays, filters, names with any character", async () => {
    await withEach(String.raw`strict $."or ders"[*]."it\"ems"[*] ? (@.n > 1)`);
    const { id } = await addJob(sql.pool(), {
      identifier: "source",
      payload: { "or ders": [{ 'it"ems': [{ n: 1 }, { n: 2 }] }, { 'it"ems': [{ n: 3 }] }] },
    });
    expect((await readTasks(sql, id)).map(({ key, input }) => [key, input])).toStrictEqual([
      ["part[1]", { n: 2 }],
      ["part[2]", { n: 3 }],
    ]);
  });
});

test("with a lax path a text, null or an object would each have been one task, so lax paths are not taken", async () => {
  for (const images of ["a.jpg", null, { a: 1 }]) {
    expect(await errorOf(addJob(sql.pool(), { identifier: "publish", payload: { images } }))).toMatchObject({
      code: "RT003",
    });
  }
  expect(await addPublish(sql, ["a.jpg"])).toMatchObject({ status: "PENDING" });
});

test("a worker's lock is seen in pg_locks while its connection lives, and not taken by the look", async () => {
  const client = await sql.pool().connect();
  const { rows } = await client.query<{ id: number }>(
    "select ratchet_private.register_worker('h', 7, '0.1.0', 3, array['p1']) as id",
  );
  const id = rows[0]?.id;
  const isLocked = (): Promise<boolean> => sql.value("select ratchet_private.is_worker_locked($1)", [id]);
  expect(await isLocked()).toBe(true);
  expect(await isLocked()).toBe(true);
  expect(
    await sql.row("select host, pid, concurrency, known_versions from ratchet.workers where id = $1", [id]),
  ).toStrictEqual({
    host: "h",
    pid: 7,
    concurrency: 3,
    known_versions: ["p1"],
  });
  await client.query("select pg_advisory_unlock_all()");
  client.release();
  expect(await isLocked()).toBe(false);
});
