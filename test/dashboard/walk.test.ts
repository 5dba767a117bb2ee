import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "playwright-core";
import { afterEach, describe, expect, inject, test } from "vitest";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { createWorkerProcesses } from "../process/workerProcesses.ts";
import { single } from "../sql/fixtures.ts";
import type { RunningCommand } from "../support/command.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const PROJECT = join(import.meta.dirname, "../..");
// Each starts two processes and a browser's window: 3 to 20 s, and many times that where ten others want the two cores.
const TIMEOUT_MS = 240_000;
const LOST = "The connection to the server is lost";

const folder = useBuiltDashboard();
const workers = createWorkerProcesses();
const servers: ChildProcess[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(kill));
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** A server in a process of its own; the address it prints. */
async function serve(databaseUrl = workers.database().url, port = "0"): Promise<{ child: ChildProcess; url: string }> {
  const program = join(import.meta.dirname, "serveBuilt.ts");
  const child = spawn(process.execPath, ["--conditions=ratchet-source", program, databaseUrl, folder, port], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  servers.push(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, url: line.toString().trim() };
}

async function startWorker(): Promise<RunningCommand> {
  const worker = workers.start();
  await worker.printed('"worker started"');
  return worker;
}

function noted(line: string): Promise<true> {
  return waitUntil(() => workers.ledger().includes(line), {
    what: () => `${line} in ${workers.ledger().join(", ")}`,
  });
}

/** Until the heading of the job's page says so. */
function stands(page: Page, id: string, status: string): Promise<void> {
  return page
    .getByRole("heading", { name: `Job ${id}` })
    .filter({ hasText: status })
    .waitFor();
}

/** Until no error stands on the page. */
async function expectNoError(page: Page): Promise<void> {
  await expect.poll(() => page.getByRole("alert").count(), { timeout: 60_000 }).toBe(0);
}

async function giveReason(page: Page, reason: string, action: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: action }).click();
  await dialog.waitFor({ state: "detached" });
}

/** Writes down, in the page, each status, count and countdown that it ever shows. */
const RECORDER = `
  window.seen = { statuses: [], counts: [], countdowns: [] };
  const note = (list, text) => { if (text && list.at(-1) !== text) list.push(text) };
  new MutationObserver(() => {
    const text = document.querySelector("main")?.textContent ?? "";
    note(window.seen.statuses, document.querySelector("main .status")?.textContent);
    note(window.seen.counts, /\\d(?=\\/5)/.exec(text)?.[0]);
    note(window.seen.countdowns, /next try\\s*(?=in )in [\\d.]+ s/i.exec(text)?.[0]);
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

interface Seen {
  readonly statuses: readonly string[];
  readonly counts: readonly string[];
  readonly countdowns: readonly string[];
}

/** Two tasks; the second fails for good as long as there is no file `go`. */
const SHELF = `export default defineJob({ retry: { maxAttempts: 1 } })
  .task("first", () => note("first"))
  .task("second", () => {
    note("second");
    if (!existsSync(new URL("../go", import.meta.url))) throw new Error("the shelf is empty");
  });`;

const WAITS = `export default defineJob()
  .task("wait", async ({ signal }) => {
    note("begins");
    while (!signal.aborted && !existsSync(new URL("../go", import.meta.url))) await pause(10);
    note(signal.aborted ? "was told" : "goes on");
  });`;

describe.runIf(chromiumPath !== null)("a browser before real workers", { timeout: TIMEOUT_MS }, () => {
  const browser = useBrowser();

  async function show(address: string): Promise<Page> {
    const page = await browser.open();
    await page.goto(address);
    return page;
  }

  test("the sample fails, is counted down to, goes on where it stopped and completes; another is added by form", async () => {
    const { url } = await serve();
    const page = await browser.open();
    await page.addInitScript(RECORDER);
    await page.goto(`${url}/jobs`);
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    workers.start({ RATCHET_TASKS: join(PROJECT, "tasks") }, { command: "up --sample --port 0" });
    await page.getByRole("link", { name: "1", exact: true }).click({ timeout: 60_000 });
    await stands(page, "1", "COMPLETED");
    await page.getByText("5/5").first().waitFor();
    const { statuses, counts, countdowns } = await page.evaluate<Seen>("window.seen");
    expect(statuses.filter((status) => !["PENDING", "RUNNING"].includes(status))).toStrictEqual([
      "FAILED, will retry",
      "COMPLETED",
    ]);
    expect(counts).toStrictEqual(counts.toSorted());
    expect(counts).toContain("2");
    expect(countdowns).not.toHaveLength(0);
    await page.getByRole("group").filter({ hasText: "read ECONNRESET" }).first().waitFor();

    await page.goto(`${url}/add?identifier=publish_listing`);
    await page.getByLabel(/^sku/iv).fill("A-1");
    await page.getByLabel(/^title/iv).fill("Jacket");
    await page.getByLabel(/^price/iv).fill("10");
    await page.getByLabel(/^currency/iv).fill("EUR");
    await page.getByLabel(/^images/iv).fill(join(PROJECT, "examples/products/jacket-back.png"));
    await page.getByText("Upload image 1/1").waitFor();
    await page.getByRole("button", { name: "Add the job" }).click();
    await stands(page, "2", "COMPLETED");
  });

  test("cancel reaches the handler; a retry from a task runs that one and all after it again", async () => {
    workers.task("waits", WAITS);
    workers.task("shelf", SHELF);
    const [{ url }] = await Promise.all([serve(), startWorker()]);
    const running = await workers.add("waits");
    const page = await show(`${url}/jobs/${running}`);
    await noted("begins");
    await stands(page, running, "RUNNING");
    await page.getByRole("button", { name: "Cancel…" }).click();
    await giveReason(page, "wrong product", "Cancel the job");
    await stands(page, running, "CANCELLED");
    await noted("was told");
    expect(await workers.job(running)).toMatchObject({ status: "CANCELLED" });

    const failing = await workers.add("shelf");
    await page.goto(`${url}/jobs/${failing}`);
    await stands(page, failing, "FAILED");
    workers.touch("go");
    await page.getByRole("button", { name: /^Retry from here: first/iv }).click();
    await giveReason(page, "the shelf is full", "Retry from there");
    await stands(page, failing, "COMPLETED");
    expect(workers.ledger().slice(2)).toStrictEqual(["first", "second", "first", "second"]);
  });

  test("many failed jobs are retried at once, and complete while one looks", async () => {
    workers.task("shelf", SHELF);
    const [{ url }] = await Promise.all([serve(), startWorker()]);
    const ids = await Promise.all([1, 2, 3].map(() => workers.add("shelf")));
    const page = await show(`${url}/jobs?state=failed&identifier=shelf`);
    await Promise.all(ids.map((id) => page.getByRole("link", { name: id, exact: true }).waitFor()));
    workers.touch("go");
    await page.getByRole("button", { name: "Retry all that match" }).click();
    await giveReason(page, "the shelf is full", "Retry 3 jobs");
    await page.goto(`${url}/jobs?state=completed`);
    await Promise.all(ids.map((id) => page.getByRole("link", { name: id, exact: true }).waitFor()));
    expect(workers.ledger().filter((line) => line === "first")).toHaveLength(3);
  });

  test("a server that is killed and started again: the page goes on with what happened meanwhile", async () => {
    workers.task("waits", WAITS);
    const [{ url, child }] = await Promise.all([serve(), startWorker()]);
    const id = await workers.add("waits");
    const page = await show(`${url}/jobs/${id}`);
    await stands(page, id, "RUNNING");
    await kill(child);
    await page.getByText(LOST).waitFor();
    workers.touch("go");
    await workers.ended(id);
    await serve(undefined, new URL(url).port);
    await stands(page, id, "COMPLETED");
    await page.getByText(LOST).waitFor({ state: "detached" });
    await expectNoError(page);
  });

  test("a worker that is killed: the page says that it died, and the job goes on with another", async () => {
    workers.task("waits", WAITS);
    const [{ url }, ...both] = await Promise.all([serve(), startWorker(), startWorker()]);
    const id = await workers.add("waits");
    const page = await show(`${url}/jobs/${id}`);
    await stands(page, id, "RUNNING");
    const [holder] = await workers.rows<{ id: string; pid: number }>(
      "select w.id, w.pid from ratchet.workers w join ratchet.jobs j on j.worker_id = w.id where j.id = $1",
      [id],
    );
    // A worker judges others once it has lived for ten seconds.
    await waitUntil(
      async () =>
        (
          await workers.rows<{ isOld: boolean }>(
            `select bool_and(started_at < clock_timestamp() - interval '11 s') as "isOld" from ratchet.workers`,
          )
        )[0]?.isOld,
    );
    both.find(({ child }) => child.pid === holder?.pid)?.child.kill("SIGKILL");
    await waitUntil(() => workers.ledger().length === 2);
    workers.touch("go");
    await stands(page, id, "COMPLETED");
    expect(workers.ledger()).toStrictEqual(["begins", "begins", "goes on"]);
    await page.goto(`${url}/workers`);
    await page.getByText("1 stopped lately, 1 of them died").waitFor();
    await page
      .getByRole("row", { name: new RegExp(`^${holder?.id}\\b`, "v") })
      .filter({ hasText: "died" })
      .waitFor();
  });

  test("Postgres stops and starts under the server: the page goes on by itself", async () => {
    const parentForRoot = inject("testRunFolder");
    const place = { dataFolder: mkdtempSync(join(parentForRoot, "restarted-")), parentForRoot };
    const first = await startEmbeddedPostgres(place);
    const port = Number(new URL(first.url).port);
    const pool = createPool({ connectionString: first.url, applicationName: "ratchet-test", schemas: TEST_SCHEMAS });
    const ask = (text: string, values: readonly string[] = []) => pool.query<{ id: string }>(text, [...values]);
    await migrate(pool);
    await ask("select ratchet_private.register_definitions($1, false)", [JSON.stringify([single()])]);
    const id = (await ask("select id from ratchet.add_job('single')")).rows[0]?.id ?? "";
    const { url } = await serve(first.url);
    const page = await show(`${url}/jobs/${id}`);
    await stands(page, id, "PENDING");
    const { rows } = await pool.query<{ folder: string }>("select current_setting('data_directory') as folder");
    const data = rows[0]?.folder ?? "";
    process.kill(readPostmaster(data)?.pid ?? Number.NaN, "SIGINT");
    await waitUntil(() => readPostmaster(data) === null, { what: "the end of Postgres" });
    const late = await show(`${url}/jobs/${id}`);
    await late.getByRole("alert").filter({ hasText: "Postgres cannot be reached" }).first().waitFor();
    const second = await startEmbeddedPostgres({ ...place, port });
    await ask("select ratchet.cancel_job($1)", [id]);
    await stands(page, id, "CANCELLED");
    await stands(late, id, "CANCELLED");
    // Whatever was asked for while Postgres was away is asked for again.
    await Promise.all([page, late].map(expectNoError));
    await pool.end();
    await Promise.all([first.stop(), second.stop()]);
  });

  test("nothing was refused by the policy, thrown, or asked of another host", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
