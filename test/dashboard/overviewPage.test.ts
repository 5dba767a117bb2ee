import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import { addSingle, addWorker, checkpoint, claimOne } from "../sql/fixtures.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

describe.runIf(chromiumPath !== null)("the overview", () => {
  const folder = useBuiltDashboard();
  const bench = useServer({ dashboardFolder: folder });
  const { sql } = bench;
  const browser = useBrowser();

  test("calm while all is well; then who has no worker, then what fails and why, each a click from its cause", async () => {
    const page = await browser.open();
    await page.goto(`${bench.server().url}/`);
    await page.getByText("All is well").waitFor();

    const { id } = await addSingle(sql);
    await page.getByRole("link", { name: "1 job is due and no worker is alive" }).waitFor();

    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [
      { job: id, position: 1, fence, kind: "F", failure: { error_message: "the shelf is empty", can_retry: false } },
    ]);
    const attention = page.getByRole("region", { name: "Needs attention" });
    await attention.getByText("the shelf is empty").waitFor();
    await attention.getByRole("link", { name: "single: 1 job failed for good in the last hour" }).click();
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    await page.goBack();
    await attention.getByRole("link", { name: `Job ${id}` }).click();
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/jobs/${id}`);
  });

  test("the chart by keys: a minute's numbers, and the jobs that ended then", async () => {
    const { id } = await addSingle(sql);
    await sql.rows("select ratchet.cancel_job($1)", [id]);
    const page = await browser.open();
    await page.goto(`${bench.server().url}/`);
    await page.getByRole("group", { name: "Ends by minute" }).focus();
    await page.keyboard.press("End");
    const numbers = page.getByRole("status").filter({ hasText: "1 cancelled" });
    // The minute may have changed since.
    for (let minutes = 0; minutes < 3 && (await numbers.count()) === 0; minutes += 1) {
      await page.keyboard.press("ArrowLeft");
    }
    await numbers.waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.has("endedFrom")).toBe(true);
  });

  test("a slow answer is asked for again only after ten times as long, however often one looks meanwhile", async () => {
    const page = await browser.open();
    await page.clock.install();
    let asked = 0;
    let release = Promise.withResolvers<null>();
    await page.route("**/graphql", async (route) => {
      if (route.request().postData()?.includes("queueStats(") === true) {
        asked += 1;
        await release.promise;
      }
      await route.continue();
    });
    await page.goto(`${bench.server().url}/`);
    await expect.poll(() => asked).toBe(1);
    await page.clock.runFor(4000);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    release.resolve(null);
    await page.getByRole("heading", { name: "Definitions" }).waitFor();
    // The clock goes on by itself, too: far enough from 40 s for a machine that is busy.
    await page.clock.runFor(20_000);
    expect(asked).toBe(1);
    release = Promise.withResolvers();
    const askedLater = async (): Promise<number> => {
      await page.clock.runFor(30_000);
      return asked;
    };
    await expect.poll(askedLater, { timeout: 30_000 }).toBe(2);
    release.resolve(null);
  });

  test("pages threw nothing", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
