import { describe, expect, test } from "vitest";

import { textWidth } from "../../../src/cli/output/text.ts";
import { runRatchet } from "../../support/cli.ts";
import { useListings } from "./listings.ts";

const { pool, run, ratchet, add, statusOf } = useListings();

/** Lets a job's first task fail for good. */
async function fail(id: string, message: string): Promise<void> {
  await pool().query(
    "update ratchet.tasks set status = 'FAILED', error_message = $2 where job_id = $1 and position = 1",
    [id, message],
  );
}

describe("ratchet jobs", () => {
  test("says how to queue one where there is none yet", async () => {
    expect((await ratchet("jobs")).out).toBe("No jobs yet. Queue one with: ratchet add IDENTIFIER --payload '{…}'\n");
  });

  test("lists jobs newest first, cut to 80 columns, without what could steer the terminal", async () => {
    const first = await add({ tenant: "list" });
    const later = await add({ tenant: "list", runAt: new Date(Date.now() + 3 * 3_600_000 + 60_000) });
    await fail(first, `\u001B[31m直接\u0007 ${"long ".repeat(40)}`);
    const { out, err, exitCode } = await ratchet("jobs", "--tenant", "list");
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/ id \| identifier +\| status +\| done \| task or error +\| next +\| age/v);
    expect(lines.slice(2).map((line) => line.trim().split(" ", 1)[0])).toStrictEqual([later, first]);
    expect(lines[2]).toMatch(/ PENDING \| {2}0\/4 \| Validate product +\| in 3 h \| /v);
    expect(lines[3]).toMatch(/ FAILED +\| {2}0\/4 \| �\[31m直接� long .*… \| +\| \d+ s$/v);
    expect(Math.max(...lines.map((line) => textWidth(line)))).toBeLessThanOrEqual(80);
    expect([err, exitCode]).toStrictEqual(["", 0]);
  });

  test("filters, in any case of letters", async () => {
    const failed = await add({ tenant: "filter", jobKey: "k" });
    await add({ tenant: "filter" });
    await fail(failed, "no way");
    const ids = async (...options: string[]) => (await ratchet("jobs", "--tenant", "filter", "--ids", ...options)).out;
    expect(await ids("--status", "failed,cancelled")).toBe(`${failed}\n`);
    expect(await ids("--final")).toBe(`${failed}\n`);
    expect(await ids("--job-key", "k")).toBe(`${failed}\n`);
    expect(await ids("--search", "NO WAY")).toBe(`${failed}\n`);
    expect(await ids("--unfinished")).not.toContain(`${failed}\n`);
    expect(await ids("--since", "1 h", "--identifier", "publish_listing")).toContain(`${failed}\n`);
    expect(await ids("--status", "COMPLETED")).toBe("");
    expect(await ids("--until", "1 h")).toBe("");
    expect(await ids("--until", "2099-01-01")).toContain(`${failed}\n`);
    expect((await ratchet("jobs", "--tenant", "nobody")).out).toBe("No such job.\n");
  });

  test("gives page after page", async () => {
    const ids = [
      await add({ tenant: "page" }),
      await add({ tenant: "page" }),
      await add({ tenant: "page" }),
    ].toReversed();
    const page = await ratchet("jobs", "--tenant", "page", "--limit", "2", "--ids");
    expect(page.out).toBe(`${ids[0]}\n${ids[1]}\n`);
    expect(page.err).toBe(`There are more: add --before ${ids[1]} for the next 2.\n`);
    const last = await ratchet("jobs", "--tenant", "page", "--before", ids[1] ?? "", "--json");
    expect(JSON.parse(last.out)).toMatchObject([{ id: ids[2], progress: "0/4", errorMessage: null }]);
    expect(last.err).toBe("");
  });

  test.each([
    [["--status", "faild"], '"faild" is no status of a job; did you mean FAILED?', 2],
    [["--since", "yesterday"], 'a span such as "2 h"', 2],
    [["--limit", "0"], "from 1 to 10000", 2],
    [["--final", "--unfinished"], "cannot be used with", 2],
    [["--identifier", "publish_lsiting"], "Did you mean publish_listing?", 3],
  ])("%j is refused with advice", async (options, says, status) => {
    const { err, exitCode } = await ratchet("jobs", ...options);
    expect(err).toContain(says);
    expect(exitCode).toBe(status);
  });
});

describe("ratchet add", () => {
  test("tells what is wrong with a payload, a line each, and adds nothing", async () => {
    const { err, out, exitCode } = await ratchet(
      "add",
      "publish_listing",
      "--tenant",
      "bad",
      "--payload",
      '{"images": "a", "price": "x"}',
    );
    const lines = err.split("\n");
    expect(lines[0]).toBe("ratchet: The payload was rejected by its schema:");
    expect(
      lines.filter((line) => /^ {2}(?:images|price|title|sku|currency|folder): ./v.test(line)).length,
    ).toBeGreaterThan(3);
    expect(err).toContain("RT118");
    expect([out, exitCode]).toStrictEqual(["", 2]);
    expect((await ratchet("jobs", "--tenant", "bad")).out).toBe("No such job.\n");
  });

  test("--no-check leaves the payload to the worker", async () => {
    const { out } = await ratchet("add", "publish_listing", "--no-check", "--payload", '{"images": ["a"]}', "--json");
    expect(JSON.parse(out)).toMatchObject({
      status: "PENDING",
      tasks: [{ key: "validate" }, { key: "upload[1]" }, { key: "create" }],
    });
  });
});

describe("orders", () => {
  test("ratchet retry lets a job go on and says so", async () => {
    const id = await add();
    await fail(id, "no way");
    const { out, exitCode } = await ratchet("retry", id, "--reason", "mended");
    expect(out).toContain(`Job ${id} (publish_listing) `);
    expect(exitCode).toBe(0);
    expect(await statusOf(id)).not.toBe("FAILED");
    const { rows } = await pool().query("select action, reason from ratchet.audit where job_id = $1", [id]);
    expect(rows).toMatchObject([{ reason: "mended" }]);
  });

  test("ratchet retry --from-task names the nearest key, and the keys there are", async () => {
    const id = await add();
    await fail(id, "no way");
    const { err, exitCode } = await ratchet("retry", id, "--from-task", "uplaod[2]");
    expect((await ratchet("retry", id, "--from-task", "uplod")).err).toContain("Did you mean upload?");
    expect(err).toContain("Did you mean upload[2]? Its tasks are: validate, upload[1], upload[2], create.");
    expect(exitCode).toBe(3);
  });

  test("ratchet skip leaves a task out, and says what happens next", async () => {
    const id = await add();
    await fail(id, "no way");
    const { out, exitCode } = await ratchet("skip", id, "validate", "--reason", "checked by hand");
    expect(out).toContain(`Job ${id} (publish_listing) has not started`);
    expect(exitCode).toBe(0);
    const refused = await ratchet("skip", id, "validate", "--json");
    expect(JSON.parse(refused.out)).toMatchObject([{ id, error: { code: "RT023" } }]);
    expect(refused.exitCode).toBe(3);
    const unknown = await ratchet("skip", id, "upload");
    expect(unknown.err).toContain("Its tasks are: validate, upload[1], upload[2], create.");
    expect(unknown.exitCode).toBe(3);
    const { rows } = await pool().query("select action, reason from ratchet.audit where job_id = $1", [id]);
    expect(rows).toStrictEqual([{ action: "skip_task", reason: "checked by hand" }]);
  });

  test("ratchet complete takes a result as JSON, and refuses what is none before it asks the database", async () => {
    const id = await add();
    const result = '{"title": "ä", "listing": 12345678901234567890}';
    const { out, exitCode } = await ratchet("complete", id, "validate", "--result", result, "--reason", "by hand");
    expect(out).toContain(`Job ${id} (publish_listing) has not started`);
    expect(exitCode).toBe(0);
    const { rows } = await pool().query(
      "select status, result::text from ratchet.tasks where job_id = $1 order by position limit 1",
      [id],
    );
    expect(rows).toStrictEqual([{ status: "COMPLETED", result }]);

    const noJson = await ratchet("complete", id, "upload[1]", "--result", "done");
    expect(noJson.err).toContain("--result is not JSON");
    expect(noJson.exitCode).toBe(2);
    const tooSoon = await ratchet("complete", id, "create");
    expect(tooSoon.err).toContain('cannot be completed yet: task "upload[1]" before it is PENDING');
    const unstorable = await ratchet("complete", id, "upload[1]", "--result", String.raw`"\u0000"`);
    expect(unstorable.err).toContain('Postgres refuses the result of "upload[1]"');
    expect(await statusOf(id)).toBe("PENDING");
  });

  test("a refusal does not hold up the others, and is in the JSON", async () => {
    const [one, other] = [await add(), await add()];
    const text = await ratchet("cancel", one, "987654321", one, "--reason", "sold");
    expect(text.out).toBe(
      `Job ${one} (publish_listing) is CANCELLED by order of postgres (sold), with 0 of 4 tasks finished. Nothing more happens.\n`,
    );
    expect(text.err).toContain("There is no job 987654321.");
    expect(text.err).toContain("ratchet jobs");
    expect(text.exitCode).toBe(3);
    const json = await ratchet("cancel", "987654321", other, "--json");
    expect(JSON.parse(json.out)).toMatchObject([
      { id: "987654321", error: { code: "RT013" } },
      { id: other, status: "CANCELLED", explanation: expect.stringContaining(`Job ${other}`) },
    ]);
    expect([await statusOf(one), await statusOf(other)]).toStrictEqual(["CANCELLED", "CANCELLED"]);
  });

  test("ratchet reschedule gives a job another time or priority", async () => {
    const id = await add();
    const { out, exitCode } = await ratchet("reschedule", id, "--run-at", "2099-01-01T10:00Z", "--priority", "-5");
    expect(out).toContain(`Job ${id} (publish_listing) has not started: it is to run in `);
    expect(exitCode).toBe(0);
    const { rows } = await pool().query("select run_at, priority from ratchet.jobs where id = $1", [id]);
    expect(rows).toStrictEqual([{ run_at: new Date("2099-01-01T10:00Z"), priority: -5 }]);
    expect((await ratchet("reschedule", id, "--run-at", "0 s")).out).toContain("planned");
    const neither = await ratchet("reschedule", id);
    expect(neither.err).toContain("Neither --run-at nor --priority is given.");
    expect(neither.exitCode).toBe(2);
  });

  describe("about many jobs", () => {
    test("ratchet retry --all says how many there are, and does it with --yes", async () => {
      const failed = [await add({ tenant: "many" }), await add({ tenant: "many", jobKey: "taken" })];
      for (const id of failed) {
        await fail(id, "no way");
      }
      await add({ tenant: "many", jobKey: "taken" });
      const dry = await ratchet("retry", "--all", "--tenant", "many", "--ended-since", "1 h");
      expect(dry).toMatchObject({ out: "2 jobs would be tried again.\n", exitCode: 2 });
      expect(dry.err).toContain("Nothing was changed: there is nobody to ask.");
      expect(await statusOf(failed[0] ?? "")).toBe("FAILED");
      expect(await ratchet("retry", "--all", "--tenant", "many", "--dry-run")).toMatchObject({ err: "", exitCode: 0 });

      const done = await ratchet("retry", "--all", "--tenant", "many", "--yes", "--reason", "mended");
      expect(done.out).toMatch(/^1 job tried again\.\n1 job refused \(RT019\), such as: Job \d+ cannot go on: /v);
      expect(done.exitCode).toBe(3);
      expect(await statusOf(failed[0] ?? "")).toBe("PENDING");
      const again = await ratchet("retry", "--all", "--tenant", "many", "--ended-since", "2099-01-01", "--json");
      expect(JSON.parse(again.out)).toStrictEqual({ matched: 0 });
    });

    test("ratchet cancel --all takes more than one commit's jobs, by what they have in common", async () => {
      await pool().query(
        'select from ratchet.add_jobs((select jsonb_agg(\'{"identifier": "publish_listing", "tenant": "slices", "payload": {"images": []}}\'::jsonb) from generate_series(1, 230)))',
      );
      const given = ["cancel", "--all", "--tenant", "slices", "--identifier", "publish_listing", "--status", "pending"];
      expect((await ratchet(...given, "--until", "1 h")).out).toBe("0 jobs would be cancelled.\n");
      expect((await ratchet(...given, "--since", "1 h")).out).toBe("230 jobs would be cancelled.\n");
      expect(JSON.parse((await ratchet(...given, "--yes", "--json")).out)).toStrictEqual({
        matched: 230,
        done: 230,
        refused: 0,
        refusals: [],
      });
    });

    test("an identifier that nobody knows is a slip of the fingers", async () => {
      const { err, exitCode } = await ratchet("cancel", "--all", "--identifier", "publish_lisitng");
      expect(err).toContain("Did you mean publish_listing?");
      expect(exitCode).toBe(3);
    });

    test.each([
      [["retry"], "No job is given."],
      [["cancel", "7", "--all"], "Both ids and --all are given."],
      [["cancel", "7", "--tenant", "acme"], "--tenant goes with --all only."],
      [["retry", "7", "--ended-since", "1 h"], "--ended-since goes with --all only."],
      [["retry", "--all", "--from-task", "create"], "cannot be used with option '--all'"],
      [["retry", "--all", "--status", "running", "--yes"], "status may name FAILED and CANCELLED and is {RUNNING}."],
    ])("%j is refused", async (commandLine, message) => {
      const { err, exitCode } = await ratchet(...commandLine);
      expect(err).toContain(message);
      expect(exitCode).toBe(2);
    });
  });

  test("ratchet scrub empties a finished job, and refuses one that is not", async () => {
    const [finished, unfinished] = [await add(), await add()];
    await ratchet("cancel", finished);
    const { out, err, exitCode } = await ratchet("scrub", finished, unfinished);
    expect(out).toContain("scrubbed");
    expect(err).toContain(`Job ${unfinished} is PENDING`);
    expect(exitCode).toBe(3);
    const { rows } = await pool().query("select payload from ratchet.jobs where id = $1", [finished]);
    expect(rows).toStrictEqual([{ payload: {} }]);
  });

  test.each(["-5", "0", "one", "99999999999999999999", "1.5"])(
    "the id %s is refused before anything is asked",
    async (id) => {
      for (const command of ["show", "watch", "explain", "retry", "cancel", "reschedule", "scrub"]) {
        const { err, exitCode } = await runRatchet([command, id], {
          env: { DATABASE_URL: "postgres://x@127.0.0.1:1/x" },
        });
        expect(err).toContain("A job's id is a whole number");
        expect(exitCode).toBe(2);
      }
    },
  );
});

describe("ratchet show", () => {
  test("tells what the tasks' present state does not show: orders, deaths of workers, and what had begun", async () => {
    const id = await add();
    expect((await ratchet("show", id)).out).not.toContain("Z  ");
    await ratchet("skip", id, "validate", "--reason", "checked by phone");
    await pool().query(
      `insert into ratchet.task_failures
         (job_id, position, fence, attempt, counted, error_name, error_message, error_code, started_at, failed_at)
       values ($1, 2, 0, 1, false, 'WorkerDied', 'The worker died once.', 'RT021', now(), clock_timestamp())`,
      [id],
    );
    await ratchet("cancel", id);
    await pool().query("update ratchet.tasks set started_at = now() where job_id = $1 and position = 2", [id]);
    const { out, exitCode } = await ratchet("show", id);
    const told = out.split("\n").filter((line) => /^\d{4}-.*Z {2}/v.test(line));
    expect(told.map((line) => line.replace(/^\S+ {2}/v, ""))).toStrictEqual([
      expect.stringMatching(/^skip_task "validate" by \S+: checked by phone$/v),
      'in "upload[1]": The worker died once.',
      expect.stringMatching(/^cancel by \S+$/v),
    ]);
    expect(out).toMatch(/ 2 \| .* \| CANCELLED \| +0 \| +\| had begun/v);
    expect(exitCode).toBe(0);
  });

  test("folds a plan of 10,000 tasks, unless all of them are asked for", async () => {
    const id = await add({ payload: { images: Array.from({ length: 9998 }, (_, n) => `${n}.jpg`) } });
    const { out } = await ratchet("show", id);
    expect(out.split("\n").length).toBeLessThan(30);
    expect(out).toMatch(/ … \| 9991 PENDING /v);
    expect(out).toContain("Upload image 9998/9998");
    expect((await ratchet("show", id, "--all")).out.split("\n").length).toBeGreaterThan(10_000);
  });
});

test("ratchet prune --dry-run counts what prune deletes", async () => {
  const id = await add({ tenant: "prune" });
  await ratchet("cancel", id);
  expect((await ratchet("prune", "--dry-run")).out).toBe("0 jobs would be deleted.\n");
  await pool().query("update ratchet.jobs set finished_at = now() - interval '91 days' where id = $1", [id]);
  const dry = await ratchet("prune", "--dry-run");
  expect(dry.out).toBe(
    " identifier      | status    | jobs\n-----------------+-----------+------\n publish_listing | CANCELLED |    1\n\n1 job would be deleted.\n",
  );
  expect(await statusOf(id)).toBe("CANCELLED");
  expect(JSON.parse((await ratchet("prune", "--dry-run", "--json")).out)).toStrictEqual([
    { identifier: "publish_listing", status: "CANCELLED", jobs: 1 },
  ]);
  expect((await ratchet("prune")).out).toBe("Deleted 1 job.\n");
  expect(await statusOf(id)).toBeUndefined();
  expect(JSON.parse((await ratchet("prune", "--json")).out)).toStrictEqual({ deleted: 0 });
});

test("ratchet explain says a sentence, with commands as the user types them", async () => {
  const id = await add();
  const { out } = await run(["explain", id], { command: "npx ratchet" });
  expect(out).toBe(
    `Job ${id} (publish_listing) has not started; 4 tasks are planned. No worker is alive: start one with "npx ratchet worker".\n`,
  );
  expect(JSON.parse((await ratchet("explain", id, "--json")).out)).toMatchObject({ id, status: "PENDING" });
});

test("ratchet watch shows a job that has ended, with its exit status", async () => {
  const id = await add();
  await ratchet("cancel", id);
  const { out, exitCode } = await ratchet("watch", id);
  expect(out).toContain(`Job ${id}, publish_listing: CANCELLED`);
  expect(exitCode).toBe(6);
});

test("ratchet migrate --print-sql prints a comment where nothing is to be done", async () => {
  const { out, exitCode } = await ratchet("migrate", "--print-sql");
  expect(out).toMatch(/^-- Ratchet .*\n-- Nothing is to be done: it is up to date\.\n$/v);
  expect(exitCode).toBe(0);
  const empty = await runRatchet(["migrate", "--print-sql"]);
  expect(empty.out).toMatch(/^-- Ratchet .* for an empty database\.\n--.*\n--.*\n\nbegin /v);
});
