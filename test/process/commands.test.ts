import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runCommand, startCommand } from "../support/command.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/waiting.ts";

let database: TestDatabase;

const PRODUCT = "examples/products/jacket.json";

beforeAll(async () => {
  database = await createTestDatabase();
  await ratchet("migrate");
});

afterAll(async () => {
  await database.drop();
});

function ratchet(...commandLine: string[]) {
  return runCommand(commandLine, { DATABASE_URL: database.url });
}

test("ratchet migrate says what it did and which definitions it registered", async () => {
  expect(await ratchet("migrate")).toMatchObject({
    exit: 0,
    output:
      "No migration was left to apply.\nFunctions, views and triggers are up to date.\nDefinitions registered: publish_listing.\n",
  });
});

test.each([
  ["does not parse", "job.ts", "\n\nexport default defineJob(;", "job.ts:3."],
  ["throws", "job.mjs", '\nthrow new Error("no such setting");', "job.mjs:2."],
])("ratchet migrate says in which line a task file %s", async (_title, name, text, place) => {
  const folder = mkdtempSync(join(tmpdir(), "ratchet-broken-"));
  writeFileSync(join(folder, name), text);
  const { errors } = await runCommand(["migrate"], { DATABASE_URL: database.url, RATCHET_TASKS: folder });
  expect(errors).toContain("RT111");
  expect(errors).toContain(`, at ${join(folder, place)}\n`);
  rmSync(folder, { recursive: true });
});

test("ratchet migrate says what to set where Node takes a task file for CommonJS", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ratchet-commonjs-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }');
  writeFileSync(join(folder, "job.ts"), 'import "node:fs";');
  const { errors } = await runCommand(["migrate"], { DATABASE_URL: database.url, RATCHET_TASKS: folder });
  expect(errors).toContain("RT111");
  expect(errors).toContain("npm pkg set type=module");
  rmSync(folder, { recursive: true });
});

describe("ratchet add and show", () => {
  test("queue a job, print its plan, and say what it waits for", async () => {
    const added = await ratchet("add", "publish_listing", "--payload-file", PRODUCT, "--job-key", "a");
    expect(added).toMatchObject({ exit: 0, errors: "" });
    const id = /^Job (?<id>\d+)/v.exec(added.output)?.groups?.["id"] ?? "";
    expect(added.output.match(/PENDING \|/gv)).toHaveLength(5);
    const shown = await ratchet("show", id);
    expect(shown.output).toMatch(/ 3 \| Upload image 2\/3 +\| PENDING \| +0 \|/v);
    expect(shown.output).toContain(`Job ${id} (publish_listing) has not started`);
  });

  test("give JSON, and take every option that add_job has", async () => {
    const added = await ratchet(
      "add",
      "publish_listing",
      "--json",
      "--payload-file",
      PRODUCT,
      "--run-at",
      "2 h",
      "--max-attempts",
      "7",
      "--retry-delay",
      "1.5 s",
      "--priority",
      "-3",
      "--queue",
      "q",
      "--job-key",
      "b",
      "--job-key-mode",
      "unsafe_dedupe",
      "--tenant",
      "t",
      "--task",
      "validate",
      "--task",
      "create",
    );
    expect(added).toMatchObject({ exit: 0 });
    const { id } = JSON.parse(added.output) as { id: string };
    const { rows } = await database.pool.query(
      `select max_attempts, retry_delay::text, priority, queue_name, job_key, tenant, run_at > now() + interval '1 hour' as is_later,
         (select array_agg(t.key order by position) from ratchet.tasks t where t.job_id = j.id) as keys
       from ratchet.jobs j where id = $1`,
      [id],
    );
    expect(rows).toStrictEqual([
      {
        max_attempts: 7,
        retry_delay: "00:00:01.5",
        priority: -3,
        queue_name: "q",
        job_key: "b",
        tenant: "t",
        is_later: true,
        keys: ["validate", "create"],
      },
    ]);
  });

  test("name the nearest definition for an unknown one, and write nothing", async () => {
    const { exit, errors } = await ratchet("add", "publish_lsiting");
    expect(exit).toBe(3);
    expect(errors).toContain("Did you mean publish_listing?");
  });

  test("say what to do with a task file that is there but not registered", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ratchet-new-task-"));
    const index = new URL("../../src/index.ts", import.meta.url).href;
    const definition = `import { defineJob } from ${JSON.stringify(index)}; export default defineJob({}).task("a", () => {});`;
    writeFileSync(join(folder, "publish_listings.ts"), definition);
    writeFileSync(join(folder, "named.ts"), definition.replace("{}", '{ identifier: "other" }'));
    writeFileSync(join(folder, "plain.mjs"), "export default () => {};");
    const hint = async (identifier: string) =>
      (
        await runCommand(["add", identifier], {
          DATABASE_URL: database.url,
          RATCHET_TASKS: folder,
          npm_lifecycle_event: "ratchet",
          npm_package_name: "pg-ratchet",
        })
      ).errors;
    expect(await hint("publish_listings")).toMatch(
      /publish_listings\.ts is there, but not registered: run `npm run ratchet -- migrate`, and restart the worker, which reads .* only when it starts\./v,
    );
    expect(await hint("named")).toContain('named.ts defines "other"');
    expect(await hint("plain")).toMatch(
      /plain\.mjs is a plain graphile-worker task, .*graphile_worker\.add_job\('plain'/v,
    );
    rmSync(folder, { recursive: true });
  });

  test("say of an unknown job that there is none", async () => {
    expect(await ratchet("show", "987654321")).toMatchObject({ exit: 3, errors: expect.stringContaining("RT013") });
  });

  test("--watch says that the running worker does not know the definition", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ratchet-no-tasks-"));
    writeFileSync(join(folder, "other.js"), "export default () => {};");
    const worker = startCommand(["worker"], { DATABASE_URL: database.url, RATCHET_TASKS: folder });
    await worker.printed("worker started");
    const watching = startCommand(["add", "publish_listing", "--payload-file", PRODUCT, "--watch"], {
      DATABASE_URL: database.url,
    });
    await watching.printed(
      /The only live worker has no handlers for "publish_listing": start one whose task folder has them/v,
    );
    watching.child.kill("SIGINT");
    worker.child.kill("SIGINT");
    expect([await watching.ended, await worker.ended]).toStrictEqual([130, 0]);
    rmSync(folder, { recursive: true });
  });

  test("--watch says that no worker is alive, and Ctrl-C ends it with status 130", async () => {
    const watching = startCommand(["add", "publish_listing", "--payload-file", PRODUCT, "--watch"], {
      DATABASE_URL: database.url,
    });
    await watching.printed("No worker is alive: start one");
    watching.child.kill("SIGINT");
    expect(await watching.ended).toBe(130);
    expect(watching.errors()).toBe("");
    const id = /Job (?<id>\d+), publish_listing/v.exec(watching.output())?.groups?.["id"] ?? "";
    expect(watching.output()).toMatch(
      new RegExp(`job ${id} itself is not stopped by that\\. Look again with: ratchet show ${id} --watch\n$`, "v"),
    );

    const rewatching = startCommand(["show", id, "--watch"], { DATABASE_URL: database.url });
    await rewatching.printed(`Job ${id}, publish_listing`);
    await database.pool.query("update ratchet.tasks set status = 'CANCELLED' where job_id = $1", [id]);
    expect(await rewatching.ended).toBe(6);
    expect(rewatching.output()).toMatch(/ is CANCELLED \(.*Nothing more happens\.\n$/v);
  });
});

test("--watch says that the worker that runs the job is dead", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ratchet-hanging-"));
  const index = new URL("../../src/index.ts", import.meta.url).href;
  writeFileSync(
    join(folder, "hanging.ts"),
    `import { defineJob } from ${JSON.stringify(index)};
     export default defineJob({}).task("hang", ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)));`,
  );
  const settings = { DATABASE_URL: database.url, RATCHET_TASKS: folder };
  const worker = startCommand(["worker"], settings);
  await worker.printed("worker started");
  const watching = startCommand(["add", "hanging", "--watch"], settings);
  await watching.printed("RUNNING");
  worker.child.kill("SIGKILL");
  await worker.ended;
  expect(watching.output()).not.toContain("held by worker");
  await watching.printed(
    /held by worker \d+ .*silent for .* No other worker is alive: it goes on as soon as one starts/v,
  );
  watching.child.kill("SIGINT");
  expect(await watching.ended).toBe(130);
  rmSync(folder, { recursive: true });
});

describe("ratchet sql", () => {
  test("runs several statements and prints each result", async () => {
    const { output, exit } = await ratchet(
      "sql",
      "create temp table t (n int); insert into t values (1), (null); table t",
    );
    expect(output).toBe("CREATE\nINSERT 2\n n\n------\n    1\n NULL\n(2 rows)\n");
    expect(exit).toBe(0);
  });

  test("prints JSON, a line per statement", async () => {
    const { output } = await ratchet("sql", "--json", "select 1 as a; select '2'::bigint as b");
    expect(output).toBe('[{"a":1}]\n[{"b":"2"}]\n');
  });

  test("shows where Postgres found the mistake, with status 3", async () => {
    const { errors, exit } = await ratchet("sql", "select\n  nothing");
    expect(errors).toContain("LINE 2:   nothing\n          ^");
    expect(errors).toContain("SQLSTATE: 42703");
    expect(exit).toBe(3);
  });

  test("is cancelled in the server too when it is interrupted", async () => {
    const sleeping = startCommand(["sql", "select pg_sleep(600)"], { DATABASE_URL: database.url });
    const running = `select pid from pg_stat_activity where datname = current_database() and query like '%pg\\_sleep(600)' and state = 'active'`;
    await waitUntil(async () => ((await database.pool.query(running)).rowCount ?? 0) > 0);
    sleeping.child.kill("SIGINT");
    expect(await sleeping.ended).toBe(130);
    await waitUntil(async () => (await database.pool.query(running)).rowCount === 0);
  });
});

describe("a bad database", () => {
  test("that is not migrated is RT106 with the command to run", async () => {
    const url = new URL(database.url);
    url.pathname = "/postgres";
    const { errors, exit } = await runCommand(["show", "1"], { DATABASE_URL: url.href });
    expect(errors).toContain("RT106");
    expect(errors).toContain("ratchet migrate");
    expect(exit).toBe(4);
  });

  test("that is not migrated is told with the command to run for an SQL statement too", async () => {
    const url = new URL(database.url);
    url.pathname = "/postgres";
    for (const statement of ["select * from ratchet.jobs", "select ratchet.add_job('x')"]) {
      const { errors, exit } = await runCommand(["sql", statement], { DATABASE_URL: url.href });
      expect(errors).toMatch(/\nHINT: .*ratchet migrate/v);
      expect(exit).toBe(3);
    }
    expect((await runCommand(["sql", "table nowhere"], { DATABASE_URL: url.href })).errors).not.toContain("migrate");
  });

  test("whose password is wrong is RT101, and the password is not printed", async () => {
    const url = new URL(database.url);
    url.username = "nobody_at_all";
    url.password = "sesame";
    const { errors, exit } = await runCommand(["show", "1"], { DATABASE_URL: url.href });
    expect(errors).toContain("RT101");
    expect(errors).toMatch(/ratchet: Postgres refused the connection: .*\n +hint: Correct user and password/v);
    expect(errors).not.toContain("sesame");
    expect(exit).toBe(4);
  });

  test("that does not exist is RT101 and named", async () => {
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    const { errors, exit } = await runCommand(["migrate"], { DATABASE_URL: url.href });
    expect(errors).toContain("no_such_database");
    expect(errors).not.toMatch(/^ +at /mv);
    expect(exit).toBe(4);
  });
});

test("ratchet jobs --watch prints each change of a job's state, and Ctrl-C ends it with status 130", async () => {
  const watching = startCommand(["jobs", "--watch", "--tenant", "watched"], { DATABASE_URL: database.url });
  await waitUntil(() => watching.errors().includes("No such job yet"), { what: watching.errors });
  const added = await ratchet("add", "publish_listing", "--payload-file", PRODUCT, "--tenant", "watched", "--json");
  const { id } = JSON.parse(added.output) as { id: string };
  await watching.printed(`Job ${id} publish_listing  PENDING  0/5`);
  await ratchet("cancel", id);
  await watching.printed(`Job ${id} publish_listing  CANCELLED  0/5`);
  watching.child.kill("SIGINT");
  expect(await watching.ended).toBe(130);
});
