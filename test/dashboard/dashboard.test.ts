import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { TEST_TOKENS, useServer } from "../graphql/server.ts";
import { signToken } from "../graphql/authentication/tokens.ts";
import { addPublish, addSingle, addWorker, checkpoint, claimOne, readJob, runJob } from "../sql/fixtures.ts";
import { waitUntil } from "../support/waiting.ts";
import { chromiumPath, seriousFindings, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";
import { generateOperations } from "./generateOperations.ts";

const API = join(import.meta.dirname, "../../src/dashboard/api");
const MOST_SCRIPT_BYTES = 200_000;

const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

function announce(id: string): Promise<unknown> {
  return sql.rows("select ratchet_private.announce(array[$1::bigint])", [id]);
}

/** Tries the first task of a job once, in vain. */
async function failFirstTask(id: string, canRetry: boolean): Promise<void> {
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [
    { job: id, position: 1, fence, kind: "F", failure: { error_message: "the shelf is empty", can_retry: canRetry } },
  ]);
}

test("the generated operations are those of schema.graphql", async () => {
  const [schema, operations] = await Promise.all([
    readFile(join(API, "../../../schema.graphql"), "utf8"),
    readFile(join(API, "operations.graphql"), "utf8"),
  ]);
  const text = await generateOperations(schema, operations);
  const file = join(API, "generated.ts");
  if (process.env["UPDATE_GRAPHQL_SCHEMA"] === "1") {
    await writeFile(file, text);
  }
  expect(
    text,
    "schema.graphql or the operations have changed: UPDATE_GRAPHQL_SCHEMA=1 npx vitest run test/dashboard",
  ).toBe(await readFile(file, "utf8"));
});

describe("what is sent", () => {
  test("less than 200 kB of script, zipped", async () => {
    const names = (await readdir(join(folder, "assets"))).filter((name) => name.endsWith(".js"));
    const scripts = await Promise.all(names.map((name) => readFile(join(folder, "assets", name))));
    const bytes = scripts.reduce((sum, script) => sum + gzipSync(script).length, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(MOST_SCRIPT_BYTES);
  });

  test.each(["/", "/jobs", "/jobs/42", "/workers", "/add"])("the page at %s, under a strict policy", async (path) => {
    const response = await fetch(`${bench.server().url}${path}`);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(response.status).toBe(200);
    expect(policy).toMatch(/^default-src 'none'/v);
    expect(policy).not.toContain("unsafe");
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=/v);
    for (const [, asset = ""] of html.matchAll(/(?:src|href)="(?<asset>[^"]+)"/gv)) {
      expect(asset).toMatch(/^\/assets\//v);
      const answer = await fetch(`${bench.server().url}${asset}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("cache-control")).toContain("immutable");
    }
  });

  test.each(["/jobs/x", "/assets/none.js", "/assets/..%2findex.html", "/index.html"])("nothing at %s", async (path) => {
    expect((await fetch(`${bench.server().url}${path}`)).status).toBe(404);
  });
});

describe.runIf(chromiumPath !== null)("in a browser", () => {
  const browser = useBrowser();

  async function show(path: string, page?: Page): Promise<Page> {
    const shown = page ?? (await browser.open());
    await shown.goto(`${bench.server().url}${path}`);
    return shown;
  }

  test("a job fails, is retried with a reason and completes, while one looks", async () => {
    const { id } = await addPublish(sql);
    const page = await show(`/jobs/${id}`);
    const heading = page.getByRole("heading", { name: `Job ${id}` });
    await heading.filter({ hasText: "PENDING" }).waitFor();
    await failFirstTask(id, false);
    await announce(id);
    await heading.filter({ hasText: "FAILED" }).waitFor();
    await page.getByRole("cell", { name: "the shelf is empty" }).first().waitFor();
    await page.getByRole("button", { name: "Retry now" }).click();
    await page.getByLabel("Reason").fill("it was filled");
    await page.getByRole("dialog").getByRole("button", { name: "Retry now" }).click();
    await page.getByRole("cell", { name: "it was filled" }).waitFor();
    await runJob(sql, await addWorker(sql), id);
    await announce(id);
    await heading.filter({ hasText: "COMPLETED" }).waitFor();
    await page.getByText("5/5").waitFor();
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });
  });

  test("a job is cancelled; the reason is asked for and kept", async () => {
    const { id } = await addPublish(sql);
    await claimOne(sql, await addWorker(sql), id);
    const page = await show(`/jobs/${id}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    expect((await readJob(sql, id)).status).toBe("RUNNING");
    await page.getByLabel("Reason").fill("wrong product");
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page
      .getByRole("heading", { name: `Job ${id}` })
      .filter({ hasText: "CANCELLED" })
      .waitFor();
    expect(await readJob(sql, id)).toMatchObject({ status: "CANCELLED", cancel_reason: "wrong product" });
  });

  test("a failed job is tried again from a task", async () => {
    const { id } = await addPublish(sql, ["a"]);
    await failFirstTask(id, false);
    const page = await show(`/jobs/${id}`);
    await page.getByRole("button", { name: "Retry from here: Validate product" }).click();
    await page.getByLabel("Reason").fill("once more");
    await page.getByRole("button", { name: "Retry from there" }).click();
    await waitUntil(async () => (await readJob(sql, id)).status !== "FAILED");
    expect(await sql.value("select reason from ratchet.audit where job_id = $1", [id])).toBe("once more");
  });

  test("failed jobs are retried at once, after they were counted", async () => {
    const ids = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const { id } = await addSingle(sql, { tenant: "bulk" });
        await failFirstTask(id, false);
        return id;
      }),
    );
    const page = await show("/jobs?state=failed&tenant=bulk");
    await page.getByRole("button", { name: "Retry all that match" }).click();
    await page.getByText("3 jobs match now.").waitFor();
    await page.getByLabel("Reason").fill("the shelf is full");
    await page.getByRole("button", { name: "Retry 3 jobs" }).click();
    await page.getByText("3 jobs retried.").waitFor();
    await page.getByText("No job matches.").waitFor();
    const rows = await sql.rows("select from ratchet.audit where job_id = any($1) and reason = 'the shelf is full'", [
      ids,
    ]);
    expect(rows).toHaveLength(3);
  });

  test("the address holds the view, and a number finds its job", async () => {
    const { id } = await addSingle(sql, { tenant: "addressed" });
    const other = await addSingle(sql, { tenant: "addressed" });
    const page = await show("/jobs?tenant=addressed");
    await page.getByRole("link", { name: other.id, exact: true }).waitFor();
    await page.getByLabel("Number or text", { exact: true }).fill(id);
    await page.getByRole("link", { name: other.id, exact: true }).waitFor({ state: "detached" });
    expect(new URL(page.url()).search).toBe(`?tenant=addressed&text=${id}`);
    await page.getByRole("link", { name: id, exact: true }).click();
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: id, exact: true }).waitFor();
  });

  test("a job is added, its plan seen first", async () => {
    const page = await show("/add?identifier=publish");
    await page.getByLabel("JSON", { exact: true }).fill('{"images": ["a", "b"]}');
    await page.getByText("Upload image 2/2").waitFor();
    await page.getByRole("button", { name: "Add the job" }).click();
    await page.getByRole("heading", { name: /^Job \d+/v }).waitFor();
    await page.getByRole("button", { name: "Upload image 2/2", exact: true }).waitFor();
    expect(await sql.value("select payload from ratchet.jobs order by id desc limit 1")).toStrictEqual({
      images: ["a", "b"],
    });
  });

  test("the page goes on by itself when the server is back", async () => {
    const first = await bench.start();
    await first.ready;
    const port = Number(new URL(first.url).port);
    const { id } = await addPublish(sql);
    const page = await browser.open();
    await page.goto(`${first.url}/jobs/${id}`);
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    await first.close();
    await page.getByText("The connection to the server is lost").waitFor();
    await sql.rows("select ratchet.cancel_job($1)", [id]);
    await (
      await bench.start({ port })
    ).ready;
    await page
      .getByRole("heading", { name: `Job ${id}` })
      .filter({ hasText: "CANCELLED" })
      .waitFor();
    await page.getByText("The connection to the server is lost").waitFor({ state: "detached" });
    await expect.poll(() => page.getByRole("alert").count(), { timeout: 60_000 }).toBe(0);
  });

  test("two windows with two tokens see each its own tenant; a viewer is offered no order", async () => {
    const server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
    const ofA = await addSingle(sql, { tenant: "A" });
    const ofB = await addSingle(sql, { tenant: "B" });
    for (const [tenant, role, own, others] of [
      ["A", "viewer", ofA, ofB],
      ["B", "operator", ofB, ofA],
    ] as const) {
      const page = await browser.open();
      await page.goto(`${server.url}/jobs`);
      await page.getByLabel("Token").fill(await signToken({ ratchet_tenant: tenant, ratchet_role: role }));
      await page.getByRole("button", { name: "Enter" }).click();
      await page.getByRole("link", { name: own.id, exact: true }).waitFor();
      expect(await page.getByRole("link", { name: others.id, exact: true }).count()).toBe(0);
      await page.goto(`${server.url}/jobs/${own.id}`);
      await page.getByRole("heading", { name: `Job ${own.id}` }).waitFor();
      expect(await page.getByRole("button", { name: "Cancel" }).count()).toBe(role === "operator" ? 1 : 0);
      await page.goto(`${server.url}/jobs/${others.id}`);
      await page.getByText(`There is no job ${others.id}.`).waitFor();
    }
  });

  test("a token that does not count brings back the page that asks for one", async () => {
    const server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
    const page = await browser.open();
    await page.goto(`${server.url}/`);
    await page.getByLabel("Token").fill("nonsense");
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByText("That is no JSON Web Token").waitFor();
    await page.getByLabel("Token").fill(await signToken({ exp: 1 }));
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("alert").filter({ hasText: "The token of before does not count" }).waitFor();
    expect(await page.getByLabel("Token").inputValue()).toBe("");
  });

  test.each(["light", "dark"] as const)(
    "axe finds nothing serious in %s, and in a narrow window nothing sticks out",
    async (colorScheme) => {
      const { id } = await addPublish(sql);
      await failFirstTask(id, true);
      const page = await browser.open({ colorScheme, width: 400 });
      for (const [path, sign] of [
        ["/", ".chart"],
        ["/jobs", "table.jobs"],
        [`/jobs/${id}`, "table.plan"],
        ["/workers", ".worker"],
        ["/add", "fieldset"],
      ] as const) {
        await show(path, page);
        await page.locator(sign).first().waitFor();
        expect({ path, findings: await seriousFindings(page) }).toStrictEqual({ path, findings: [] });
        const width = await page.evaluate<number>("document.documentElement.scrollWidth");
        expect(width).toBeLessThanOrEqual(400);
      }
    },
  );

  test("nothing was refused by the policy, thrown, or asked of another host", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
