import type { Page, WebSocketRoute } from "playwright-core";
import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import {
  addJob,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  register,
  runJob,
  single,
} from "../sql/fixtures.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

const HOUR_MS = 3_600_000;
const LOST = "The connection to the server is lost";

/** The clock of the browser's machine is so many hours ahead. */
const clockAhead = (hours: number): string => `
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...given) {
      super(...(given.length === 0 ? [Right.now() + ${hours * HOUR_MS}] : given));
    }
    static now() {
      return Right.now() + ${hours * HOUR_MS};
    }
  };`;

async function addFailed(): Promise<string> {
  const { id } = await addSingle(sql);
  const { fence } = await claimOne(sql, await addWorker(sql), id);
  const failure = { error_message: "the shelf is empty", delay_ms: HOUR_MS };
  await checkpoint(sql.pool(), await addWorker(sql), [{ job: id, position: 1, fence, kind: "F", failure }]);
  return id;
}

describe.runIf(chromiumPath !== null)("a window", () => {
  const browser = useBrowser();

  async function show(path: string, page?: Page): Promise<Page> {
    const shown = page ?? (await browser.open());
    await shown.goto(`${bench.server().url}${path}`);
    return shown;
  }

  test.each([5, -5])("of a machine whose clock is %i hours wrong: the server's counts", async (hours) => {
    const failed = await addFailed();
    const page = await browser.open();
    await page.addInitScript(clockAhead(hours));
    await show(`/jobs/${failed}`, page);
    await page.getByText(/next try in 5\d min/v).waitFor();
    await show("/jobs?minutes=60", page);
    const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: failed, exact: true }) });
    await row.getByText(/next try in 5\d min/v).waitFor();
    await row.getByText(/\d s ago|now/v).waitFor();
    await show("/workers", page);
    const card = page.getByRole("region", { name: /^Worker/v }).first();
    await card.getByText(/^(?:now|(?:\d+ min )?\d+ s ago)$/v).waitFor();
    const silentAfterBeat = async (): Promise<number> => {
      await sql.rows("update ratchet.workers set beat_at = clock_timestamp()");
      return page.getByText("no sign of life").count();
    };
    await expect.poll(silentAfterBeat, { timeout: 60_000 }).toBe(0);
  });

  test("in another zone: its own times, and UTC on hover", async () => {
    const id = await addFailed();
    await sql.rows("update ratchet.jobs set created_at = '2026-11-23T20:00:00.123Z' where id = $1", [id]);
    const page = await browser.open({ timezoneId: "Asia/Kolkata" });
    await show(`/jobs/${id}`, page);
    const added = page.getByRole("region", { name: "Facts" }).locator("time").first();
    await added.filter({ hasText: /Nov 24, 2026, 1:30:00\sAM/v }).waitFor();
    expect(await added.getAttribute("title")).toBe("2026-11-23 20:00:00.123 UTC");
  });

  test("that was hidden and is looked at again asks at once why the job is where it is", async () => {
    await sql.rows("update ratchet.workers set stopped_at = clock_timestamp() where stopped_at is null");
    const worker = await addWorker(sql);
    const { id } = await addSingle(sql);
    const page = await browser.open();
    // What is asked for now and then never is.
    await page.addInitScript("globalThis.setInterval = () => 0");
    await show(`/jobs/${id}`, page);
    await page.getByText("1 live worker has handlers for it").waitFor();
    await sql.rows("update ratchet.workers set stopped_at = clock_timestamp() where id = $1", [worker]);
    const asked = page.waitForRequest((request) => request.postData()?.includes("query Explanation(") === true);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    expect((await asked).method()).toBe("POST");
    await page.getByText("No worker is alive").waitFor();
  });

  test("whose connection died without a word says so, and goes on with a new one", async () => {
    const { id } = await addSingle(sql);
    const page = await browser.open();
    await page.clock.install();
    let isDead = false;
    let connections = 0;
    await page.routeWebSocket(/\/graphql$/v, (fromPage: WebSocketRoute) => {
      connections += 1;
      const dies = connections === 1;
      const server = fromPage.connectToServer();
      fromPage.onMessage((message) => {
        if (!dies || !isDead) {
          server.send(message);
        }
      });
      server.onMessage((message) => {
        if (!dies || !isDead) {
          fromPage.send(message);
        }
      });
    });
    await show(`/jobs/${id}`, page);
    const heading = page.getByRole("heading", { name: `Job ${id}` });
    await heading.filter({ hasText: "PENDING" }).waitFor();
    isDead = true;
    await sql.rows("select ratchet.cancel_job($1)", [id]);
    // A sign of life is asked for, and does not come. From there on the clock goes by itself: a faster one would take slow answers for none.
    await page.clock.runFor(10_000);
    await page.clock.runFor(5000);
    await heading.filter({ hasText: "CANCELLED" }).waitFor();
    await page.getByText(LOST).waitFor({ state: "detached" });
    expect(connections).toBeGreaterThan(1);
  });

  test("of another version than the server is told to reload, not what GraphQL says", async () => {
    const { id } = await addSingle(sql);
    const page = await browser.open();
    await page.routeWebSocket(/\/graphql$/v, (fromPage) => {
      const server = fromPage.connectToServer();
      fromPage.onMessage((message) => {
        server.send(message.toString().replace("explanation", "clarification"));
      });
    });
    await page.route("**/graphql", async (route) => {
      await route.continue({ postData: (route.request().postData() ?? "").replace("withoutWorker", "workerless") });
    });
    const told = page.getByRole("alert").filter({ hasText: "The server now runs another version of Ratchet" });
    for (const path of [`/jobs/${id}`, "/"]) {
      await show(path, page);
      await told.filter({ hasText: "Reload the page." }).first().waitFor();
      expect(await page.getByText("Cannot query field").count()).toBe(0);
    }
  });

  test("with names, keys and errors that are long or turn the direction of writing: nothing sticks out or is turned", async () => {
    const identifier = "verylong_".repeat(14);
    await register(sql, [
      single({ identifier, version: "long", templates: [{ key: "only", title: "T".repeat(300), each: null }] }),
    ]);
    const worker = await addWorker(sql, ["long"]);
    const { id } = await addJob(sql.pool(), {
      identifier,
      tenant: "t".repeat(128),
      job_key: "k".repeat(200),
      queue_name: "q".repeat(100),
    });
    const [claimed] = await claim(sql.pool(), worker, [id], { versions: ["long"] });
    const failure = { error_message: `${"E".repeat(400)} لا يوجد رف \u202Edaer`, can_retry: false };
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence: claimed?.fence ?? 0, kind: "F", failure }]);
    for (const width of [1280, 640, 400]) {
      const page = await browser.open({ width });
      for (const [path, sign] of [
        [`/jobs/${id}`, ".explanation"],
        ["/jobs", "table.jobs"],
        ["/", ".latest"],
      ] as const) {
        await show(path, page);
        await page.locator(sign).first().waitFor();
        const scrolls = await page.evaluate<string[]>(
          `[document.documentElement, ...document.querySelectorAll("main :not(.unseen, pre)")]
             .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0 && getComputedStyle(each).overflowX !== "visible")
             .map(({ tagName, className }) => tagName + "." + className)`,
        );
        expect({ path, width, scrolls }).toStrictEqual({
          path,
          width,
          scrolls: [],
        });
        expect(await page.locator(".explanation").allTextContents()).not.toContain(expect.stringContaining("\u202E"));
      }
      await page.close();
    }
  });

  test("at a number beyond all jobs says that there is none; zeros before a number are nothing", async () => {
    const page = await show("/jobs/99999999999999999999");
    await page.getByText("There is no job 99999999999999999999.").waitFor();
    const { id } = await addSingle(sql);
    await runJob(sql, await addWorker(sql), id);
    await page.getByPlaceholder("Job number or text").fill(`#000${id}`);
    await page.keyboard.press("Enter");
    await page
      .getByRole("heading", { name: `Job ${id}` })
      .filter({ hasText: "COMPLETED" })
      .waitFor();
    expect(new URL(page.url()).pathname).toBe(`/jobs/${id}`);
  });

  test("pages threw nothing", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
