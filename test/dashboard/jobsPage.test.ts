import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import { addSingle, addWorker, checkpoint, claimOne, runJob } from "../sql/fixtures.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

describe.runIf(chromiumPath !== null)("the list of jobs", () => {
  const folder = useBuiltDashboard();
  const bench = useServer({ dashboardFolder: folder });
  const { sql } = bench;
  const browser = useBrowser();

  async function show(path: string, width?: number): Promise<Page> {
    const page = await browser.open(width === undefined ? {} : { width });
    await page.goto(`${bench.server().url}${path}`);
    return page;
  }

  async function fail(id: string, message: string): Promise<void> {
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [
      { job: id, position: 1, fence, kind: "F", failure: { error_message: message, can_retry: false } },
    ]);
  }

  test("several states at once; the way back is the browser's", async () => {
    const failed = await addSingle(sql, { tenant: "states" });
    await fail(failed.id, "broken");
    const done = await addSingle(sql, { tenant: "states" });
    await runJob(sql, await addWorker(sql), done.id);
    const pending = await addSingle(sql, { tenant: "states" });
    const page = await show("/jobs?tenant=states&state=failed");
    const row = (id: string) => page.getByRole("link", { name: id, exact: true });
    await row(failed.id).waitFor();
    expect(await row(pending.id).count()).toBe(0);
    await page.getByRole("link", { name: "Pending" }).click();
    await row(pending.id).waitFor();
    expect(await row(failed.id).count()).toBe(1);
    expect(await row(done.id).count()).toBe(0);
    expect(new URL(page.url()).searchParams.get("state")).toBe("failed,pending");
    await page.goBack();
    await row(pending.id).waitFor({ state: "detached" });
    await row(failed.id).waitFor();
  });

  test("a text finds the job whose error holds it; one that is nowhere is told with where it was looked for", async () => {
    const { id } = await addSingle(sql, { tenant: "texts" });
    await fail(id, "the marketplace answered 503");
    const page = await show("/workers");
    await page.getByRole("heading", { name: "Workers" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("answered 503");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    expect(new URL(page.url()).search).toBe("?text=answered+503");
    await page.getByRole("searchbox", { name: "Number or text", exact: true }).fill("nowhere at all");
    await page.getByText('"nowhere at all" was looked for in').waitFor();
  });

  test("until there is a list of the new filter, the page says what it does, not what was so before", async () => {
    const page = await show("/jobs?tenant=empty");
    const none = page.getByText("No job matches.");
    await none.waitFor();
    const blocker = await sql.pool().connect();
    try {
      await blocker.query("begin");
      await blocker.query("lock table ratchet.jobs in access exclusive mode");
      await page.getByRole("searchbox", { name: "Number or text", exact: true }).fill("empty, too");
      await page.getByText("Looking through the newest 20,000 jobs that match the rest…").waitFor();
      expect(await none.count()).toBe(0);
    } finally {
      await blocker.query("rollback");
      blocker.release();
    }
    await none.waitFor();
  });

  test("all failed jobs with a text are retried at once, and no others", async () => {
    const [meant, other] = [await addSingle(sql, { tenant: "bulk" }), await addSingle(sql, { tenant: "bulk" })];
    await fail(meant.id, "the warehouse said 502");
    await fail(other.id, "the warehouse said 404");
    const page = await show("/jobs?tenant=bulk&state=failed&text=said+502");
    await page.getByRole("button", { name: "Retry all that match" }).click();
    await page.getByText("1 job matches now.").waitFor();
    await page.getByLabel("Reason").fill("it is up again");
    await page.getByRole("dialog").getByRole("button", { name: "Retry 1 job" }).click();
    await page.getByText("1 job retried.").waitFor();
    expect(
      await sql.rows(
        "select id from ratchet.jobs where tenant = 'bulk' and next_attempt_at is null and finished_at is not null",
      ),
    ).toStrictEqual([{ id: other.id }]);
  });

  test("a number in the header leads to its job", async () => {
    const { id } = await addSingle(sql);
    const page = await show("/");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type(id);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/jobs/${id}`);
  });

  test("while rows are marked, new jobs are held back", async () => {
    const first = await addSingle(sql, { tenant: "held" });
    const page = await show("/jobs?tenant=held");
    await page.getByLabel(`Mark job ${first.id}`).click();
    const second = await addSingle(sql, { tenant: "held" });
    await sql.rows("select ratchet_private.announce(array[$1::bigint])", [second.id]);
    await page.getByText("1 other job is held back while you mark.").waitFor();
    expect(await page.getByLabel(`Mark job ${second.id}`).count()).toBe(0);
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByLabel(`Mark job ${second.id}`).waitFor();
    expect(await page.getByLabel(`Mark job ${first.id}`).isChecked()).toBe(true);
  });

  test("a range is marked with Shift; what refuses the order is told with its reason", async () => {
    const done = await addSingle(sql, { tenant: "range" });
    await runJob(sql, await addWorker(sql), done.id);
    const between = await addSingle(sql, { tenant: "range" });
    const last = await addSingle(sql, { tenant: "range" });
    const page = await show("/jobs?tenant=range");
    await page.getByLabel(`Mark job ${last.id}`).click();
    await page.getByLabel(`Mark job ${done.id}`).click({ modifiers: ["Shift"] });
    await page.getByText("3 marked").waitFor();
    expect(await page.getByLabel(`Mark job ${between.id}`).isChecked()).toBe(true);
    await page.getByRole("button", { name: "Cancel marked…" }).click();
    await page.getByLabel("Reason").fill("not wanted");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Cancel \d/v })
      .click();
    await page.getByText("2 jobs cancelled.").waitFor();
    await page.getByText(`1 refused`).waitFor();
    expect(
      await sql.rows("select from ratchet.jobs where tenant = 'range' and cancel_reason = 'not wanted'"),
    ).toHaveLength(2);
  });

  test("in a narrow window a row is a card: where the job is can be read", async () => {
    const { id } = await addSingle(sql, { tenant: "narrow" });
    await fail(id, "the shelf is empty");
    const page = await show("/jobs?tenant=narrow", 400);
    const box = await page.getByText("the shelf is empty").boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(400);
  });

  test("pages threw nothing", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
