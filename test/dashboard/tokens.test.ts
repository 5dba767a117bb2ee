import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";

import type { RunningServer } from "../../src/http/startServer.ts";
import { type TokenClaims, inSeconds, signToken } from "../graphql/authentication/tokens.ts";
import { TEST_TOKENS, ask, useServer } from "../graphql/server.ts";
import { addSingle, readJob } from "../sql/fixtures.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

describe.runIf(chromiumPath !== null)("with tokens", () => {
  const browser = useBrowser();
  let server: RunningServer;
  beforeAll(async () => {
    server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
  });

  async function enter(page: Page, token: string): Promise<void> {
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Enter" }).click();
  }

  /** A window of somebody's own, signed in. */
  async function openAs(claims: TokenClaims, path: string): Promise<Page> {
    const page = await browser.open();
    await page.goto(`${server.url}${path}`);
    await enter(page, await signToken(claims));
    return page;
  }

  function cancelled(page: Page, id: string): Promise<void> {
    return page
      .getByRole("heading", { name: `Job ${id}` })
      .filter({ hasText: "CANCELLED" })
      .waitFor();
  }

  test("two windows of two tenants order side by side, each its own and none of the other's", async () => {
    const jobs = [await addSingle(sql, { tenant: "A" }), await addSingle(sql, { tenant: "B" })] as const;
    const people = ["A", "B"].map((tenant) => ({
      tenant,
      claims: { sub: `operator of ${tenant}`, ratchet_tenant: tenant, ratchet_role: "operator" },
      own: jobs[tenant === "A" ? 0 : 1].id,
      others: jobs[tenant === "A" ? 1 : 0].id,
    }));
    const pages = await Promise.all(people.map(({ claims, own }) => openAs(claims, `/jobs/${own}`)));
    for (const [index, { claims, others }] of people.entries()) {
      const page = pages[index];
      await page?.getByRole("button", { name: "Cancel…" }).waitFor();
      const refused = await ask(
        server,
        "mutation ($id: BigInt!) { cancelJob(input: { jobId: $id }) { job { id } } }",
        { id: others },
        await signToken(claims),
      );
      expect(refused.errors).toHaveLength(1);
      expect((await readJob(sql, others)).status).toBe("PENDING");
    }
    for (const [index, { tenant }] of people.entries()) {
      const page = pages[index];
      await page?.getByRole("button", { name: "Cancel…" }).click();
      await page?.getByRole("dialog").getByLabel("Reason").fill(`${tenant} says so`);
      await page?.getByRole("button", { name: "Cancel the job" }).click();
    }
    for (const [index, { tenant, own, others }] of people.entries()) {
      const page = pages[index];
      if (page === undefined) {
        throw new Error("A window for each.");
      }
      await cancelled(page, own);
      expect(await readJob(sql, own)).toMatchObject({ cancel_reason: `${tenant} says so` });
      await page.goto(`${server.url}/jobs/${others}`);
      await page.getByText(`There is no job ${others}.`).waitFor();
      expect(await page.getByRole("button", { name: "Cancel…" }).count()).toBe(0);
    }
    const actors = await sql.rows<{ actor: string }>(
      "select actor from ratchet.audit where job_id = any($1) order by id",
      [jobs.map(({ id }) => id)],
    );
    expect(actors.map(({ actor }) => actor)).toStrictEqual(
      expect.arrayContaining([
        expect.stringContaining("operator of A"),
        expect.stringContaining("operator of B"),
      ]) as unknown,
    );
  });

  test("a viewer's window offers no order on any page, and none to add", async () => {
    const { id } = await addSingle(sql, { tenant: "A" });
    const page = await openAs({}, `/jobs?tenant=A`);
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    expect(await page.getByRole("checkbox").count()).toBe(0);
    expect(await page.getByRole("button", { name: /retry|cancel/iv }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Add a job" }).count()).toBe(0);
    await page.getByRole("link", { name: id, exact: true }).click();
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    expect(await page.getByRole("group", { name: "Actions" }).count()).toBe(0);
  });

  test("a token that expires while the page is open asks for another, which brings the same view back", async () => {
    const { id } = await addSingle(sql, { tenant: "A", job_key: "expiring" });
    const path = "/jobs?state=pending&text=expiring";
    const page = await browser.open();
    await page.goto(`${server.url}${path}`);
    // Clocks may differ by 30 s. What is left is enough for a machine that is busy.
    await enter(page, await signToken({ exp: inSeconds(15 - 30) }));
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    await page.getByRole("alert").filter({ hasText: "expired" }).waitFor();
    expect(await page.getByRole("link", { name: id, exact: true }).count()).toBe(0);
    await enter(page, await signToken());
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    expect(page.url()).toBe(`${server.url}${path}`);
  });

  test("a late answer to a token of before leaves the next one alone", async () => {
    const page = await openAs({ sub: "Ann Early" }, "/jobs");
    await page.getByText("Ann Early").waitFor();
    const { promise: released, resolve: release } = Promise.withResolvers<null>();
    const refused = await page.evaluate<string>("sessionStorage.getItem('ratchet.token')");
    await page.route("**/graphql", async (route) => {
      if (route.request().headers()["authorization"] === `Bearer ${refused}`) {
        await released;
        await route.fulfill({ status: 401, json: { errors: [{ message: "It has expired." }] } });
      } else {
        await route.continue();
      }
    });
    const held = page.waitForRequest("**/graphql");
    await page.getByRole("link", { name: "Overview" }).click();
    const answered = (await held).response();
    await page.getByRole("button", { name: "Forget token" }).click();
    await enter(page, await signToken({ sub: "Ben Later" }));
    await page.getByText("Ben Later").waitFor();
    release(null);
    await (await answered)?.finished();
    await page.getByRole("link", { name: "Jobs", exact: true }).click();
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    expect(await page.getByText("Ben Later").count()).toBe(1);
  });

  test("a token is nowhere but in its window: not in the address, another window, what outlives it, or the log", async () => {
    const token = await signToken({ sub: "careful" });
    const page = await browser.open();
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    page.on("websocket", (socket) => addresses.push(socket.url()));
    await page.goto(`${server.url}/jobs`);
    await enter(page, token);
    await page.getByText("careful").waitFor();
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    const signature = token.split(".")[2] ?? "";
    const kept = await page.evaluate<string>("JSON.stringify([{ ...localStorage }, document.cookie, location.href])");
    expect(kept).not.toContain(signature);
    expect(addresses.join(" ")).not.toContain(signature);
    expect(await page.context().cookies()).toStrictEqual([]);
    expect(JSON.stringify(bench.logLines)).not.toContain(signature);
    const second = await page.context().newPage();
    await second.goto(`${server.url}/jobs`);
    await second.getByLabel("Token").waitFor();
    await page.getByRole("button", { name: "Forget token" }).click();
    await page.getByLabel("Token").waitFor();
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(signature);
  });

  test("nothing was refused by the policy, thrown, or asked of another host", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
