import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import { addPublish, addWorker, checkpoint, claimOne, completeTasks, readJob } from "../sql/fixtures.ts";
import { waitUntil } from "../support/waiting.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const bench = useServer({ dashboardFolder: useBuiltDashboard() });
const { sql } = bench;
const MARKUP = `<img src=x onerror="document.title='broken in'">`;

/** A job that FAILED for good at its second task. */
async function addFailed(): Promise<string> {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  const failure = { error_message: MARKUP, error_stack: `Error: ${MARKUP}\n    at upload`, can_retry: false };
  await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "F", failure }]);
  return id;
}

describe.runIf(chromiumPath !== null)("a job's page", () => {
  const browser = useBrowser();

  async function show(id: string): Promise<Page> {
    const page = await browser.open();
    await page.goto(`${bench.server().url}/jobs/${id}`);
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    return page;
  }

  /** Opens an order's dialog, says why, and gives the order. */
  async function give(page: Page, button: string, action: string, reason: string): Promise<Locator> {
    await page.getByRole("button", { name: button }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill(reason);
    await dialog.getByRole("button", { name: action }).click();
    return dialog;
  }

  /** The label of what has the focus; null if nothing with a label has it. */
  function focused(page: Page): Promise<string | null> {
    return page.evaluate<string | null>("document.activeElement.getAttribute('aria-label')");
  }

  function audited(id: string): Promise<Record<string, unknown>> {
    return sql.row("select action, reason, detail from ratchet.audit where job_id = $1 order by id desc limit 1", [id]);
  }

  test("says at its head why the job stopped, with the stack; markup in it is text", async () => {
    const id = await addFailed();
    const page = await show(id);
    const why = page.getByRole("region", { name: "Why it stopped" });
    await why.getByText(MARKUP).first().waitFor();
    expect(await why.getByLabel("Stack").textContent()).toContain("at upload");
    expect(await page.title()).not.toContain("broken in");
    expect(await page.locator("main img").count()).toBe(0);
  });

  test("what was tried before stands apart from why it stopped; the tab and the audit log say what became of it", async () => {
    const id = await addFailed();
    await sql.rows(
      `insert into ratchet.task_failures (job_id, fence, position, attempt, counted, error_message, started_at, failed_at)
       select f.job_id, f.fence + 1, f.position, 2, true, 'the newest', f.started_at, f.failed_at
       from ratchet.task_failures f where f.job_id = $1`,
      [id],
    );
    const page = await show(id);
    await page.getByRole("region", { name: "Why it stopped" }).getByText("the newest").waitFor();
    const earlier = page.getByRole("region", { name: "Failures" }).locator("summary");
    expect(await earlier.allTextContents()).toStrictEqual([expect.stringContaining(MARKUP)]);
    await waitUntil(async () => (await page.title()) === `FAILED · Job ${id} · Ratchet`);
    const dialog = await give(page, "Skip: Upload image 1/3", "Skip the task", "not needed");
    await dialog.waitFor({ state: "detached" });
    const log = page.getByRole("region", { name: "Audit log" });
    await log.getByText("task: upload[1] · status: FAILED · task status: FAILED").waitFor();
    await log.getByText("not needed").waitFor();
    await waitUntil(async () => !(await page.title()).startsWith("FAILED"));
  });

  test("what is copied is the whole of it, over plain http as well", async () => {
    const id = await addFailed();
    const page = await show(id);
    const block = page.locator("figure", { hasText: "Terminal" });
    for (const hasClipboard of [true, false]) {
      await page.evaluate(`Object.defineProperty(navigator, "clipboard", {
        configurable: true,
        value: ${hasClipboard ? "{ writeText: (text) => { window.copied = text; return Promise.resolve(); } }" : "undefined"},
      });
      window.copied = null;
      document.addEventListener("copy", () => { window.copied = document.activeElement.value; }, { once: true });`);
      await block.getByRole("button").click();
      await waitUntil(async () => (await page.evaluate("window.copied")) === `npx ratchet show ${id}`);
      await block.getByRole("button", { name: "Copied" }).waitFor();
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Copied");
    }
    expect(await page.locator("textarea").count()).toBe(0);
  });

  test("a payload that cannot be had for a moment is asked for again, and the notice goes by itself", async () => {
    const { id } = await addPublish(sql);
    const page = await browser.open();
    let isAway = true;
    await page.route("**/graphql", async (route) => {
      if (isAway && route.request().postData()?.includes("payload") === true) {
        const extensions = { code: "RT101", hint: "Try again in a moment.", retryable: true };
        const errors = [{ message: "Postgres cannot be reached at the moment.", extensions }];
        await route.fulfill({ json: { data: null, errors } });
      } else {
        await route.continue();
      }
    });
    await page.goto(`${bench.server().url}/jobs/${id}`);
    const region = page.getByRole("region", { name: "Payload" });
    await region.getByRole("alert").filter({ hasText: "Postgres cannot be reached" }).waitFor();
    isAway = false;
    await region.getByText("images").first().waitFor();
    await expect.poll(() => page.getByRole("alert").count(), { timeout: 60_000 }).toBe(0);
  });

  test("the failed task of a job that FAILED for good is skipped", async () => {
    const id = await addFailed();
    const page = await show(id);
    const dialog = await give(page, "Skip: Upload image 1/3", "Skip the task", "the image is broken");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("cell", { name: "SKIPPED" }).waitFor();
    expect(await audited(id)).toMatchObject({ action: "skip_task", reason: "the image is broken" });
    expect(await readJob(sql, id)).toMatchObject({ finished_at: null });
  });

  test("a task is marked done with a result; one that is no JSON is said at once, and nothing typed is lost", async () => {
    const id = await addFailed();
    const page = await show(id);
    await page.getByRole("button", { name: "Mark done: Upload image 1/3" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Result, as JSON").fill("{oops");
    await dialog.getByLabel("Reason").fill("by hand");
    await dialog.getByRole("button", { name: "Mark done" }).click();
    await dialog.getByRole("alert").filter({ hasText: "This is no JSON yet" }).waitFor();
    expect(await dialog.getByLabel("Reason").inputValue()).toBe("by hand");
    await dialog.getByLabel("Result, as JSON").fill("12345678901234567890");
    await dialog.getByRole("button", { name: "Mark done" }).click();
    await dialog.getByRole("alert").filter({ hasText: "has more digits" }).waitFor();
    await dialog.getByLabel("Result, as JSON").fill('{"url": "https://x.example/1"}');
    await dialog.getByRole("button", { name: "Mark done" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await sql.value("select result from ratchet.tasks where job_id = $1 and position = 2", [id])).toStrictEqual({
      url: "https://x.example/1",
    });
  });

  test("a job for later is rescheduled", async () => {
    const { id } = await addPublish(sql);
    const page = await show(id);
    await page.getByRole("button", { name: "Reschedule" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Run at").fill("2040-01-01T12:00:00");
    await dialog.getByLabel("Priority").fill("-5");
    await dialog.getByLabel("Reason").fill("not before the sale");
    await dialog.getByRole("button", { name: "Reschedule" }).click();
    await dialog.waitFor({ state: "detached" });
    const job = await sql.row<{ run_at: Date; priority: number }>(
      "select run_at, priority from ratchet.jobs where id = $1",
      [id],
    );
    expect(job.run_at.getUTCFullYear()).toBe(2040);
    expect(job.priority).toBe(-5);
    await page.getByText(/starts in \d+ d/v).waitFor();
    await page.getByRole("button", { name: "Reschedule" }).click();
    await dialog.getByLabel("Run at").fill("2041-01-01T12:00:00");
    await dialog.getByLabel("Priority").fill("");
    await dialog.getByLabel("Reason").fill("a year later, else as before");
    await dialog.getByRole("button", { name: "Reschedule" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await sql.value("select priority from ratchet.jobs where id = $1", [id])).toBe(-5);
  });

  test("an order whose question was left leaves the next question open", async () => {
    const id = await addFailed();
    const page = await show(id);
    const { promise: released, resolve: release } = Promise.withResolvers<null>();
    await page.route("**/graphql", async (route) => {
      if (route.request().postData()?.includes("skipTask") === true) {
        await released;
      }
      await route.continue();
    });
    const dialog = await give(page, "Skip: Upload image 1/3", "Skip the task", "not needed");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Retry now" }).click();
    await dialog.getByLabel("Reason").fill("still typing");
    const answered = page.waitForResponse((response) => response.request().postData()?.includes("skipTask") === true);
    release(null);
    await (await answered).finished();
    await page.getByRole("row", { name: "Upload image 1/3" }).getByText("SKIPPED").waitFor({ state: "attached" });
    expect(await dialog.getByLabel("Reason").inputValue()).toBe("still typing");
  });

  test("an order that the database refuses is explained, and the dialog stays", async () => {
    const id = await addFailed();
    const page = await show(id);
    await page.getByRole("button", { name: "Retry now" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("again");
    await sql.rows("delete from ratchet.jobs where id = $1", [id]);
    await dialog.getByRole("button", { name: "Retry now" }).click();
    await dialog
      .getByRole("alert")
      .filter({ hasText: `There is no job ${id}` })
      .waitFor();
    expect(await dialog.getByLabel("Reason").inputValue()).toBe("again");
  });

  test("Escape closes a dialog and gives the focus back to its button", async () => {
    const page = await show(await addFailed());
    const button = page.getByRole("button", { name: "Retry from here: Validate product" });
    await button.click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await waitUntil(async () => (await focused(page)) !== null);
    expect(await focused(page)).toBe(await button.getAttribute("aria-label"));
  });

  test("a job of 10,000 tasks is shown where it is, a page of them at a time", async () => {
    const { id } = await addPublish(
      sql,
      Array.from({ length: 9998 }, (_, image) => `image ${image}`),
    );
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 250 });
    const page = await show(id);
    await page.getByText("Tasks 201 to 300 of 10,000").waitFor();
    await page.getByRole("button", { name: "Upload image 250/9998", exact: true }).waitFor();
    expect(await page.locator("table.plan tbody tr").count()).toBeLessThan(120);
    await page.getByRole("button", { name: "Last" }).click();
    await page.getByRole("button", { name: "Create listing", exact: true }).waitFor();
    await page.getByRole("button", { name: "To task 251, where it is" }).click();
    await page.getByText("Tasks 201 to 300 of 10,000").waitFor();
  });

  test("payload, input and result are loaded when they are looked at, however large; from there to another like it", async () => {
    const { id } = await addPublish(sql, ["ü.jpg"], { payload: { images: ["ü.jpg"], text: "x".repeat(500_000) } });
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    const result = { url: MARKUP, parts: Array.from({ length: 60_000 }, (_, part) => part) };
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "C", result }]);
    const page = await show(id);
    await page.getByRole("region", { name: "Payload" }).getByText("499,002 more characters").waitFor();
    await page.getByRole("button", { name: "Validate product", exact: true }).click();
    await page.getByText("[ 60,000 items ]").click();
    await page.getByText("59,950 more").waitFor();
    expect(await page.locator("*").count()).toBeLessThan(1000);
    await page.getByRole("link", { name: "Add another like this" }).click();
    await page.getByText("Its key and its time are not copied.").waitFor();
  });

  test("the explanation follows the workers while the job does not change", async () => {
    const { id } = await addPublish(sql, ["a"], { priority: 5 });
    await addWorker(sql);
    const page = await show(id);
    await page.getByText(/live workers? ha(?:s|ve) handlers for it/v).waitFor();
    await sql.rows("update ratchet.workers set stopped_at = clock_timestamp()");
    await waitUntil(
      async () => (await page.locator(".explanation").textContent())?.includes("No worker is alive") === true,
    );
    expect((await readJob(sql, id)).status).toBe("PENDING");
  });

  test("more than 100 tries that failed: older ones are loaded", async () => {
    const id = await addFailed();
    await sql.rows(
      `insert into ratchet.task_failures (job_id, fence, position, attempt, counted, error_message, started_at, failed_at)
       select f.job_id, f.fence + n, f.position, n, true, 'once more, ' || n, f.started_at, f.failed_at
       from ratchet.task_failures f, generate_series(2, 230) n where f.job_id = $1`,
      [id],
    );
    const page = await show(id);
    const failures = page.getByRole("region", { name: "Failures" }).locator("details");
    // The newest stands at the head of the page.
    expect(await failures.count()).toBe(99);
    await page.getByRole("button", { name: "Older tries" }).click();
    await waitUntil(async () => (await failures.count()) === 199);
    await page.getByRole("button", { name: "Older tries" }).click();
    await waitUntil(async () => (await failures.count()) === 229);
    expect(await page.getByRole("button", { name: "Older tries" }).count()).toBe(0);
  });

  test("nothing was refused by the policy, thrown, or asked of another host", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
