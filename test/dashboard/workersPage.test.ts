import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import { addPublish, addWorker, claimOne } from "../sql/fixtures.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

describe.runIf(chromiumPath !== null)("the workers", () => {
  const folder = useBuiltDashboard();
  const bench = useServer({ dashboardFolder: folder });
  const { sql } = bench;
  const browser = useBrowser();

  test("none: how to start one; then what each runs, who is silent, and who has gone and why", async () => {
    const page = await browser.open();
    await page.goto(`${bench.server().url}/workers`);
    await page.getByText("npx ratchet worker").waitFor();

    const busy = await addWorker(sql);
    const { id } = await addPublish(sql);
    await claimOne(sql, busy, id);
    const card = page.getByRole("region", { name: `Worker ${busy}` });
    await card.getByRole("link", { name: id }).waitFor();
    await card.getByText("Validate product").waitFor();
    await card.getByText("1/10").waitFor();

    const silent = await addWorker(sql);
    await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '2 min' where id = $1", [silent]);
    await page
      .getByRole("region", { name: `Worker ${silent}` })
      .getByText("no sign of life")
      .waitFor();

    await sql.rows("update ratchet.workers set stopped_at = clock_timestamp(), rescued_by = $2 where id = $1", [
      silent,
      busy,
    ]);
    await page.getByText("1 stopped lately, 1 of them died").waitFor();
    await page.getByText(`died; worker ${busy} let its jobs go on`).waitFor();
    expect(browser.complaints).toStrictEqual([]);
  });
});
