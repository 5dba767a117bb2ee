import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";

import { TEST_TOKENS, useServer } from "../graphql/server.ts";
import { addPublish, addWorker, checkpoint, claimOne, runJob } from "../sql/fixtures.ts";
import { chromiumPath, seriousFindings, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

// Sixteen views: 15 s alone.
const TIMEOUT_MS = 240_000;
const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

describe.runIf(chromiumPath !== null)("axe finds nothing, not even moderate", { timeout: TIMEOUT_MS }, () => {
  const browser = useBrowser();
  let failed = "";
  let running = "";
  let completed = "";
  let tokenServer = "";
  beforeAll(async () => {
    const server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
    tokenServer = server.url;
    ({ id: failed } = await addPublish(sql));
    ({ id: running } = await addPublish(sql));
    ({ id: completed } = await addPublish(sql));
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, failed);
    await checkpoint(sql.pool(), worker, [
      {
        job: failed,
        position: 1,
        fence,
        kind: "F",
        failure: { error_message: "the shelf is empty", can_retry: false },
      },
    ]);
    await claimOne(sql, worker, running);
    await runJob(sql, worker, completed);
  });

  async function open(page: Page, button: string | RegExp): Promise<void> {
    await page.getByRole("button", { name: button }).first().click();
    await page.getByRole("dialog").waitFor();
  }

  const views: readonly (readonly [string, () => string, ((page: Page) => Promise<void>)?])[] = [
    ["overview", () => "/"],
    ["jobs", () => "/jobs"],
    ["jobs of which none matches", () => "/jobs?text=nothing-of-the-kind"],
    ["a question about many jobs", () => "/jobs?state=failed", (page) => open(page, "Retry all that match")],
    ["a failed job", () => `/jobs/${failed}`],
    ["a running job", () => `/jobs/${running}`],
    ["a completed job", () => `/jobs/${completed}`],
    ["a job that is not there", () => "/jobs/987654"],
    ["retry", () => `/jobs/${failed}`, (page) => open(page, "Retry now")],
    ["skip", () => `/jobs/${failed}`, (page) => open(page, "Skip")],
    ["mark done", () => `/jobs/${failed}`, (page) => open(page, "Mark done")],
    ["cancel", () => `/jobs/${running}`, (page) => open(page, "Cancel")],
    ["workers", () => "/workers"],
    ["add", () => "/add?identifier=publish"],
    ["keys", () => "/", (page) => open(page, "Keys")],
    ["the question for a token", () => `${tokenServer}/jobs`],
  ];

  test.each([
    ["light", 1280],
    ["dark", 400],
  ] as const)("in %s, %i px wide", async (colorScheme, width) => {
    const page = await browser.open({ colorScheme, width });
    const found: unknown[] = [];
    for (const [name, path, prepare] of views) {
      await page.goto(new URL(path(), bench.server().url).href);
      await page.locator("h1, .empty").first().waitFor();
      await page.waitForLoadState("networkidle");
      await prepare?.(page);
      const findings = await seriousFindings(page, ["moderate", "serious", "critical"]);
      const sticksOut = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      if (findings.length > 0 || sticksOut > 0) {
        found.push({ name, findings, sticksOut });
      }
    }
    expect(found).toStrictEqual([]);
  });
});
