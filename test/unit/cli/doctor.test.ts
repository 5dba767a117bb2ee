import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { registerDefinitions } from "../../../src/database/calls/definitions.ts";
import { addJob } from "../../../src/database/calls/jobs.ts";
import { detectConnectionKind } from "../../../src/database/connectionKind.ts";
import { definitionRow } from "../../../src/worker/definitions.ts";
import publishListing from "../../../tasks/publish_listing.ts";
import { runRatchet } from "../../support/cli.ts";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { wakeUpKey } from "../../support/schemas.ts";

const made: TestDatabase[] = [];
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  made.push(database);
});

afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.drop()));
});

function doctor(options: readonly string[] = [], url = database.url) {
  return runRatchet(["doctor", ...options], { env: { DATABASE_URL: url } });
}

/** What the server of the tests is like, which may have fsync off and few connections. */
const SERVER_CHECKS = new Set(["durability", "connections"]);

/** `check level` of each finding that is not ok and about the database itself. */
async function findings(options: readonly string[] = [], url = database.url) {
  const { out, exitCode } = await doctor(["--json", ...options], url);
  const { worst, findings: all } = JSON.parse(out) as { worst: string; findings: Finding[] };
  const bad = all.filter(({ check, level }) => level !== "ok" && !SERVER_CHECKS.has(check));
  return { bad: bad.map(({ check, level }) => `${check} ${level}`), worst, exitCode, all };
}

const register = () => registerDefinitions(database.pool, [definitionRow("publish_listing", publishListing)], true);

/** A worker that knows the definition and beats. */
async function addWorker(): Promise<void> {
  await database.pool.query(
    `insert into ratchet.workers (host, pid, version, concurrency, known_versions, started_at, beat_at)
     values ('box', 1, '0.1.0', 10, array[$1], now(), now())`,
    [definitionRow("publish_listing", publishListing).version],
  );
}

describe("ratchet doctor", () => {
  test("finds nothing where all is well, with status 0", async () => {
    await register();
    await addWorker();
    expect((await findings()).bad).toStrictEqual([]);
    const { out, err, exitCode } = await doctor();
    expect(out).toMatch(/^ok {7}Ratchet \d.*\nok {7}Postgres \d/v);
    expect(out).toMatch(/\n\n0 problems, \d warnings?\.\n$/v);
    expect([err, exitCode]).toStrictEqual(["", 0]);
  });

  test("a warning is status 0, with --strict 7", async () => {
    await register();
    const { bad, worst, exitCode } = await findings();
    expect({ bad, worst, exitCode }).toStrictEqual({ bad: ["workers warning"], worst: "warning", exitCode: 0 });
    expect((await findings(["--strict"])).exitCode).toBe(7);
    expect((await doctor()).out).toContain("\n         Start one with: ratchet worker\n");
  });

  test("an unreachable database is a problem, not the end", async () => {
    const { bad, exitCode, all } = await findings([], "postgres://nobody@127.0.0.1:1/none");
    expect({ bad, exitCode }).toStrictEqual({ bad: ["connection problem"], exitCode: 7 });
    expect(all.at(-1)?.message).toContain("127.0.0.1:1");
  });

  test("an empty database is one that is to be migrated", async () => {
    const empty = await createEmptyDatabase();
    made.push(empty);
    const { bad, exitCode } = await findings([], empty.url);
    expect({ bad, exitCode }).toStrictEqual({ bad: ["migrations problem"], exitCode: 7 });
  });

  test("a file that is not registered, and jobs that nobody can run, are told", async () => {
    expect((await findings()).bad).toStrictEqual(["workers warning", "definitions warning"]);
    await register();
    await addJob(database.pool, { identifier: "publish_listing", payload: { images: ["a"] } });
    expect((await findings()).bad).toStrictEqual(["workers problem"]);
    await database.pool.query(
      `insert into ratchet.workers (host, pid, version, concurrency, started_at, beat_at) values ('box', 1, '0.1.0', 10, now(), now())`,
    );
    expect((await findings()).bad).toStrictEqual(["definitions problem"]);
  });

  test("a task folder that cannot be read is a problem", async () => {
    const { out } = await runRatchet(["doctor", "--json"], {
      env: { DATABASE_URL: database.url, RATCHET_TASKS: "/nowhere/at/all" },
    });
    expect(out).toContain("There is no folder /nowhere/at/all with task files. (RT111)");
  });

  test("a job that nothing wakes, one that waits for long, used-up wake-ups and given-up plain tasks are told", async () => {
    await register();
    await addWorker();
    const add = () => addJob(database.pool, { identifier: "publish_listing", payload: { images: ["a"] } });
    const [unwoken, waiting] = [await add(), await add()];
    await database.pool.query("select graphile_worker.remove_job($1)", [wakeUpKey(unwoken)]);
    await database.pool.query("update ratchet.jobs set run_at = now() - interval '2 minutes' where id = any ($1)", [
      [unwoken, waiting],
    ]);
    await database.pool.query(
      `select graphile_worker.add_job('own', '{}', max_attempts => 1), graphile_worker.add_job('publish_listing', '{}', max_attempts => 32767)`,
    );
    await database.pool.query(
      `select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs where key is null), attempts => 32767)`,
    );
    const { all, bad } = await findings();
    expect(bad).toStrictEqual([
      "wake-ups problem",
      "backlog warning",
      "wake-ups warning",
      "plain tasks warning",
      "violations problem",
    ]);
    const messages = all.map(({ message }) => message).join("\n");
    expect(messages).toContain(`nothing wakes them: job ${unwoken}.`);
    expect(messages).toContain("2 jobs due for more than a minute and not begun, the oldest for 2 min.");
    expect(messages).toContain("1 wake-up with all attempts used up.");
    expect(messages).toContain('given up 1 job of its own task "own"');
    expect(messages).toContain(`nothing wakes it: job ${unwoken} (due since`);
  });

  test("a clock that a test has moved is a problem", async () => {
    await register();
    await addWorker();
    await database.pool.query("update ratchet_private.clock set shift = '1 minute'");
    const { bad } = await findings();
    expect(bad).toContain("clock problem");
  });

  test("a role without rights is told what it lacks, and no more is asked", async () => {
    const role = `doctor_${process.pid}`;
    await database.pool.query(`create role ${role} login password 'sesame'`);
    try {
      await database.pool.query(`grant usage on schema ratchet to ${role}`);
      const url = new URL(database.url);
      url.username = role;
      url.password = "sesame";
      const { bad, exitCode, all } = await findings([], url.href);
      expect({ bad, exitCode }).toStrictEqual({ bad: ["rights warning"], exitCode: 0 });
      expect(all.at(-1)?.message).toMatch(
        new RegExp(`^Role "${role}" cannot run jobs: it lacks .* and \\d+ more\\.$`, "v"),
      );
    } finally {
      await database.pool.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test("a direct connection is known as one", async () => {
    expect(await detectConnectionKind(database.url)).toBe("direct");
  });
});

describe("ratchet doctor --graphile-job", () => {
  test("finds our job by the wake-up's id and key, by the row it was adopted from, and says what is not ours", async () => {
    await register();
    const job = await addJob(database.pool, { identifier: "publish_listing", payload: { images: ["a"] } });
    const idOf = async (statement: string, values: unknown[] = []) =>
      (await database.pool.query<{ id: string }>(statement, values)).rows[0]?.id ?? "";
    const wakeUp = await idOf("select id from graphile_worker.jobs where key = $1", [wakeUpKey(job)]);
    for (const asked of [wakeUp, wakeUpKey(job)]) {
      const { out, exitCode } = await doctor(["--graphile-job", asked]);
      expect(out).toMatch(
        new RegExp(
          `^graphile-worker job ${wakeUp}, publish_listing; key ${wakeUpKey(job)}; 0 of 32767 attempts used; to run at .*\\nIt wakes up job ${job}\\.\\nJob ${job} `,
          "v",
        ),
      );
      expect(exitCode).toBe(0);
    }
    await database.pool.query("update ratchet.jobs set adopted_from = 4711 where id = $1", [job]);
    const adopted = await doctor(["--graphile-job", "4711"]);
    expect(adopted.out).toContain(`deleted that row: it was worked off.\nIt became job ${job}.\n`);
    const own = await idOf("select id from graphile_worker.add_job('own', '{}', job_key => 'mine')");
    const plain = await doctor(["--graphile-job", "mine", "--json"]);
    expect(JSON.parse(plain.out)).toMatchObject({
      graphileJobId: own,
      identifier: "own",
      jobId: null,
      explanation: null,
    });
    expect((await doctor(["--graphile-job", own])).out).toContain("It is no job of Ratchet");
  });

  test("says of an unknown one what may have become of it", async () => {
    const { err, exitCode } = await doctor(["--graphile-job", "no such key"]);
    expect(err).toContain('no job with the id or key "no such key"');
    expect(exitCode).toBe(3);
  });
});
