import type { Page } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";

import { signToken } from "../graphql/authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "../graphql/server.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  register,
  runJob,
  single,
  withSession,
} from "../sql/fixtures.ts";
import { cancel, scrub } from "../sql/orders.ts";
import { waitUntil } from "../support/waiting.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

/** A reason why a job does not run, or not as one expects. */
interface Cause {
  /** Makes it so; the job's number. */
  readonly arrange: () => Promise<string>;
  /** What the front page says of it before anything is clicked; null: nothing, all is well. */
  readonly front: string | RegExp | null;
  /** The sentence at the head of the job's page. */
  readonly answer: RegExp;
}

const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

/** A deadline for what comes in a moment. */
const FOR_LONG = { timeout: 60_000 };

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

async function addDue(given: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return (await addSingle(sql, { run_at: minutesAgo(2), ...given })).id;
}

/** Adds a job and claims it. */
async function begin(
  given: Readonly<Record<string, unknown>> = {},
  by?: number,
): Promise<{ readonly id: string; readonly worker: number; readonly fence: number }> {
  const worker = by ?? (await addWorker(sql));
  const id = await addDue(given);
  const { fence } = await claimOne(sql, worker, id);
  return { id, worker, fence };
}

async function fail(failure: Readonly<Record<string, unknown>>): Promise<string> {
  const { id, worker, fence } = await begin();
  await checkpoint(sql.pool(), worker, [
    { job: id, position: 1, fence, kind: "F", failure: { delay_ms: 3_600_000, ...failure } },
  ]);
  return id;
}

/** A job in which so many workers have died. */
async function killed(workers: number): Promise<string> {
  const rescuer = await addWorker(sql);
  const id = await addDue();
  for (let n = 0; n < workers; n++) {
    const worker = await addWorker(sql);
    await claimOne(sql, worker, id);
    await sql.rows("select ratchet_private.rescue_worker($1, $2)", [worker, rescuer]);
  }
  return id;
}

const CAUSES: Readonly<Record<string, Cause>> = {
  "its time has not come": {
    arrange: async () => {
      await addWorker(sql);
      return addDue({ run_at: new Date(Date.now() + 3 * 3_600_000) });
    },
    front: null,
    answer: /has not started: it is to run in (?:3 h|2 h 59 min), with 1 task\.$/v,
  },
  "it waits for its next try": {
    arrange: () => fail({ error_message: "the shelf is empty" }),
    front: /single: 1 job failed and will be tried again.*the shelf is empty.*next try in/v,
    answer: /FAILED at task 1 of 1.*: the shelf is empty\. It is tried again in \d+ min and goes on there\.$/v,
  },
  "it failed for good": {
    arrange: () => fail({ error_message: "the shelf is empty", can_retry: false }),
    front: /single: 1 job failed for good in the last hour.*the shelf is empty/v,
    answer: /the shelf is empty\. Nothing more happens by itself\. To try again: "ratchet retry \d+"/v,
  },
  "its payload is refused": {
    arrange: () => fail({ error_message: "title is missing.", error_code: "RT118", can_retry: false }),
    front: /failed for good.*title is missing/v,
    answer: /Another try would end the same way: correct what it says and queue a new job\.$/v,
  },
  "it was cancelled": {
    arrange: async () => {
      await addWorker(sql);
      const id = await addDue();
      await cancel(sql.pool(), id, "wrong product");
      return id;
    },
    front: null,
    answer: /is CANCELLED by order of \S+ \(wrong product\), with 0 of 1 task finished\. Nothing more happens\.$/v,
  },
  "no worker is alive": {
    arrange: addDue,
    front: "1 job is due and no worker is alive Start one: npx ratchet worker",
    answer: /No worker is alive: start one with "ratchet worker"\.$/v,
  },
  "a retry is due and no worker is alive": {
    arrange: async () => {
      const id = await fail({ error_message: "the shelf is empty" });
      await sql.rows("update ratchet.jobs set next_attempt_at = now() where id = $1", [id]);
      await sql.rows("update ratchet.workers set stopped_at = now()");
      return id;
    },
    front: "1 job is due and no worker is alive",
    answer: /It is to be tried again now and goes on there\. No worker is alive: start one with "ratchet worker"\.$/v,
  },
  "no live worker has its handlers": {
    arrange: async () => {
      await addWorker(sql, ["p1"]);
      return addDue();
    },
    front: "single: 1 job is due, but no live worker has handlers for it",
    answer: /The only live worker has no handlers for "single": start one whose task folder has them/v,
  },
  "live workers have another version": {
    arrange: async () => {
      const id = await addDue();
      await register(sql, [single({ version: "s2" })]);
      await addWorker(sql, ["s2"]);
      return id;
    },
    front: "single: 1 job was planned by another version of the definition than live workers have",
    answer: /no handlers for version s1 of "single", by which it was planned, only for another one/v,
  },
  "no worker has known its version for a minute": {
    arrange: () =>
      fail({
        error_code: "RT120",
        error_message: 'No live worker has known version s1 of "single" for 60 s.',
        counted: false,
      }),
    front: /will be tried again.*No live worker has known version s1/v,
    answer:
      /no try of 5 counted yet\): No live worker has known version s1 of "single" for 60 s\. It is tried again in/v,
  },
  "its queue is busy": {
    arrange: async () => {
      await begin({ queue_name: "slow" });
      return addDue({ queue_name: "slow" });
    },
    front: /single: 1 job due, the oldest for \d+ min.*It waits for job \d+, which runs now/v,
    answer: /It waits for job \d+, which runs now: of queue "slow" one job runs at a time\.$/v,
  },
  "workers are busy, and others come first": {
    arrange: async () => {
      const { worker } = await begin();
      await sql.rows("update ratchet.workers set concurrency = 1 where id = $1", [worker]);
      await addDue({ priority: -1 });
      return addDue();
    },
    front: /single: 2 jobs due, the oldest for \d+ min.*is busy: 1 job runs, as many as may at once/v,
    answer: /is busy: 1 job runs, as many as may at once\. 1 due job is before it\.$/v,
  },
  "its worker is silent": {
    arrange: async () => {
      const { id, worker } = await begin();
      await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '40 min' where id = $1", [
        worker,
      ]);
      return id;
    },
    front: /Worker \d+ on test-host was last heard of 4\d min.* ago.* no other worker is alive\. Start one: npx/v,
    answer: /which has been silent for 4\d min, .* No other worker is alive: it goes on as soon as one starts/v,
  },
  "it is to be replaced": {
    arrange: async () => {
      const { id } = await begin({ job_key: "k" });
      await addDue({ job_key: "k" });
      return id;
    },
    front: /single: 1 job due/v,
    answer: /It stops after this task: replaced by job \d+\.$/v,
  },
  "it may be what kills its workers": {
    arrange: () => killed(2),
    front: "2 workers died in the last 15 minutes",
    answer: /2 workers died while they ran this task, so it may be what ends them/v,
  },
  "it has killed a third worker": {
    arrange: () => killed(3),
    front: /will be tried again.*The worker died 3 times while it ran this task/v,
    answer: /\(try 1 of 5\): The worker died 3 times while it ran this task, the last time: worker \d+ .* tried again/v,
  },
  "its time-out is over": {
    arrange: async () => {
      const { id } = await begin();
      await sql.rows("update ratchet.jobs set timeout_at = now() - interval '1 min' where id = $1", [id]);
      return id;
    },
    front: null,
    answer: /Its time-out passed [\d.]+ (?:s|min) ago: it fails for good as soon as its worker notices\.$/v,
  },
  "its handler hangs": {
    arrange: async () => {
      const { id, worker, fence } = await begin();
      await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "R", elapsedMs: 3 * 3_600_000 }]);
      return id;
    },
    front: null,
    answer: /and running for 3 h(?: 1 min)?, .* If that is too long, cancel the job: its handler is told to stop\.$/v,
  },
  "its wake-up is missing": {
    arrange: async () => {
      await addWorker(sql);
      const id = await addDue();
      await sql.rows("select graphile_worker.remove_job('ratchet:' || $1::text)", [id]);
      return id;
    },
    front: /single: 1 job due, .* a live worker finds that within seconds and mends it/v,
    answer: /Nothing in the queue wakes a worker up for it: a live worker finds that within seconds and mends it\.$/v,
  },
  "it is done and scrubbed": {
    arrange: async () => {
      const worker = await addWorker(sql);
      const id = await addDue();
      await runJob(sql, worker, id);
      await scrub(sql.pool(), id);
      return id;
    },
    front: null,
    answer: /is COMPLETED: .* Its payload, results and error texts were scrubbed [\d.]+ (?:s|min) ago\.$/v,
  },
  "it is outside the queue": {
    arrange: async () => {
      await addWorker(sql);
      return sql.value<string>("select (ratchet_private.create_job('import', '{}', 'default')).id");
    },
    front: null,
    answer: /has no tasks yet\. It is outside the queue: the program that made it gives it tasks/v,
  },
};

describe.runIf(chromiumPath !== null)("from the front page to why a job does not run", () => {
  const browser = useBrowser();
  let page: Page;
  beforeAll(async () => {
    page = await browser.open();
  });

  beforeEach(async () => {
    await sql.rows("delete from ratchet.jobs");
    await sql.rows("delete from ratchet.workers");
    await register(sql, [single()], true);
  });

  const explanation = (): Promise<string | null> => page.locator(".explanation").textContent();

  /** By what a stranger sees first: the field for a job's number. */
  async function find(id: string, shown = page): Promise<void> {
    await shown.getByPlaceholder("Job number or text").fill(id);
    await shown.keyboard.press("Enter");
  }

  test.each(Object.entries(CAUSES))("%s", async (_name, { arrange, front, answer }) => {
    const id = await arrange();
    await page.goto(`${bench.server().url}/`);
    await (
      front === null
        ? page.getByText("All is well")
        : page.getByRole("region", { name: "Needs attention" }).getByRole("listitem").filter({ hasText: front })
    ).waitFor();
    await find(id);
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    await expect.poll(explanation, FOR_LONG).toMatch(answer);
  });

  test("somebody's open transaction holds it", async () => {
    await addWorker(sql);
    const id = await addDue();
    await withSession(sql, async (session) => {
      await session.query("begin");
      await session.query("select from ratchet.jobs where id = $1 for update", [id]);
      // It is told of once it is 2 s old.
      await waitUntil(async () =>
        (await sql.value<string>("select ratchet.explain_job($1)", [id])).includes("An open transaction"),
      );
      await page.goto(`${bench.server().url}/`);
      await page
        .getByRole("region", { name: "Needs attention" })
        .getByText(/An open transaction has locked its rows/v)
        .waitFor();
      await find(id);
      await expect
        .poll(explanation, FOR_LONG)
        .toMatch(/no worker can take it before that ends\. It belongs to Postgres process/v);
    });
  });

  test("the job that it waits for is a click away, as is the oldest one from the front page", async () => {
    const { id: first } = await begin({ queue_name: "slow" });
    const id = await addDue({ queue_name: "slow" });
    await page.goto(`${bench.server().url}/`);
    const attention = page.getByRole("region", { name: "Needs attention" });
    await attention.getByRole("link", { name: `Job ${id}` }).click();
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    await page.getByRole("link", { name: `job ${first}` }).click();
    await page.getByRole("heading", { name: `Job ${first}` }).waitFor();
    expect(await explanation()).toContain("held by worker");
  });

  test("there is no such job, or it is another tenant's", async () => {
    await addWorker(sql);
    await page.goto(`${bench.server().url}/`);
    await page.getByText("All is well").waitFor();
    await find("4711");
    await page.getByText("There is no job 4711.").waitFor();
    await page
      .getByText("It was never added, was pruned after its time, or belongs to a tenant that is not yours.")
      .waitFor();

    const { id } = await addPublish(sql, [], { tenant: "B" });
    const server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
    const theirs = await browser.open();
    await theirs.goto(`${server.url}/`);
    await theirs.getByLabel("Token").fill(await signToken({ ratchet_tenant: "A", ratchet_role: "viewer" }));
    await theirs.getByRole("button", { name: "Enter" }).click();
    await find(id, theirs);
    await theirs.getByText(`There is no job ${id}.`).waitFor();
    expect(await theirs.locator(".explanation").count()).toBe(0);
  });

  test("pages threw nothing", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
