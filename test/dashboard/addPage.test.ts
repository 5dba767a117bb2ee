import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";

import { TEST_TOKENS, useServer } from "../graphql/server.ts";
import { signToken } from "../graphql/authentication/tokens.ts";
import { addJob, publish, register } from "../sql/fixtures.ts";
import { chromiumPath, seriousFindings, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const SCHEMA = {
  type: "object",
  required: ["title", "images", "address"],
  properties: {
    title: { type: "string", title: "<b>Title</b>", description: "as customers read it" },
    images: { type: "array", items: { type: "string" }, minItems: 1 },
    price: { type: ["number", "null"] },
    count: { type: "integer", default: 3 },
    currency: { enum: ["EUR", "USD"] },
    address: { type: "object", required: ["city"], properties: { city: { type: "string" } } },
    lines: { type: "array", items: { type: "object", required: ["sku"], properties: { sku: { type: "string" } } } },
    extra: { type: "object" },
  },
};

const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

beforeAll(async () => {
  await register(sql, [publish({ identifier: "shop", version: "shop1", payload_schema: SCHEMA })]);
});

describe.runIf(chromiumPath !== null)("in a browser", () => {
  const browser = useBrowser();

  async function show(path: string, page?: Page): Promise<Page> {
    const shown = page ?? (await browser.open());
    await shown.goto(`${bench.server().url}${path}`);
    return shown;
  }

  function newestPayload(): Promise<unknown> {
    return sql.value("select payload from ratchet.jobs order by id desc limit 1");
  }

  async function added(page: Page): Promise<unknown> {
    await page.getByRole("button", { name: "Add the job" }).click();
    await page.getByRole("heading", { name: /^Job \d+/v }).waitFor();
    return newestPayload();
  }

  test("a form of nested objects, lists, choices and defaults; the plan is the database's", async () => {
    const page = await show("/add?identifier=shop");
    await page.getByLabel("<b>Title</b>").fill("Jacket");
    await page.getByLabel("images").fill("a.jpg\nb.jpg");
    await page.getByLabel("city").fill("Köln");
    await page.getByLabel("currency").selectOption("EUR");
    await page.getByLabel("price", { exact: false }).first().fill("12.50");
    await page.getByRole("button", { name: "Add an item" }).click();
    await page.getByLabel("sku").fill("S-1");
    await page.getByLabel("extra").fill('{"deep": [1, {"a": null}]}');
    await page.getByText("Upload image 2/2").waitFor();
    expect(await added(page)).toStrictEqual({
      title: "Jacket",
      images: ["a.jpg", "b.jpg"],
      address: { city: "Köln" },
      currency: "EUR",
      count: 3,
      price: 12.5,
      lines: [{ sku: "S-1" }],
      extra: { deep: [1, { a: null }] },
    });
  });

  test("between form and JSON nothing typed is lost", async () => {
    const page = await show("/add?identifier=shop");
    await page.getByLabel("<b>Title</b>").fill("Jacket");
    await page.getByLabel("as JSON").check();
    const json = page.getByLabel("JSON", { exact: true });
    expect(JSON.parse(await json.inputValue())).toStrictEqual({ title: "Jacket", count: 3, address: {} });
    await json.fill('{"title": "Coat", "unknown": 1, "images": ["x"]}');
    await page.getByLabel("as JSON").uncheck();
    expect(await page.getByLabel("<b>Title</b>").inputValue()).toBe("Coat");
    await page.getByLabel("city").fill("Bonn");
    await page.getByLabel("as JSON").check();
    expect(JSON.parse(await json.inputValue())).toStrictEqual({
      title: "Coat",
      unknown: 1,
      images: ["x"],
      address: { city: "Bonn" },
    });
  });

  test("numbers that would be changed are refused, and JSON that is none", async () => {
    const page = await show("/add?identifier=shop");
    await page.getByLabel("as JSON").check();
    const json = page.getByLabel("JSON", { exact: true });
    await json.fill('{"id": 12345678901234567890}');
    await page.getByText("has more digits").waitFor();
    expect(await page.getByRole("button", { name: "Add the job" }).isDisabled()).toBe(true);
    await json.fill('{"id": ');
    await page.getByText("This is no JSON yet").waitFor();
    await json.fill("[]");
    await page.getByText("A payload is an object").waitFor();
  });

  test("what is wrong stands at its field once that was left, and nothing is added", async () => {
    const page = await show("/add?identifier=shop");
    const before = await sql.value("select count(*) from ratchet.jobs");
    await page.getByText("None yet:").waitFor();
    const row = page.locator(".form-field").filter({ has: page.getByLabel("count") });
    expect(await page.locator(".form-field .problem").allInnerTexts()).not.toContain("images is missing");
    await page.getByLabel("count").fill("1.5");
    await page.getByLabel("count").blur();
    await row.getByText("count must be integer").waitFor();
    expect(await sql.value("select count(*) from ratchet.jobs")).toBe(before);
  });

  test("another job like one there is", async () => {
    const { id } = await addJob(sql.pool(), {
      identifier: "publish",
      payload: { images: ["<img src=x onerror=alert(1)>"], note: "ü" },
      priority: 7,
      job_key: "only:one",
    });
    const page = await show(`/add?like=${id}`);
    await page.getByText("Its key and its time are not copied.").waitFor();
    await page.getByText("Upload image 1/1").waitFor();
    expect(await added(page)).toStrictEqual({ images: ["<img src=x onerror=alert(1)>"], note: "ü" });
    expect(await sql.row("select priority, job_key from ratchet.jobs order by id desc limit 1")).toStrictEqual({
      priority: 7,
      job_key: null,
    });
  });

  test("10,000 tasks are previewed, the first of them shown; one more is refused", async () => {
    const page = await show("/add?identifier=publish");
    const images = Array.from({ length: 9998 }, (_, index) => index);
    await page.getByLabel("JSON", { exact: true }).fill(JSON.stringify({ images }));
    await page.getByText("(10,000 tasks)").waitFor();
    expect(await page.locator(".preview li").count()).toBe(50);
    await page.getByLabel("JSON", { exact: true }).fill(JSON.stringify({ images: [...images, 1] }));
    await page.getByText("None yet:").waitFor();
  });

  test("who may only add names the definition", async () => {
    const server = await bench.start({ tokens: TEST_TOKENS });
    await server.ready;
    const page = await browser.open();
    await page.goto(`${server.url}/add`);
    await page.getByLabel("Token").fill(await signToken({ ratchet_tenant: "A", ratchet_role: "enqueuer" }));
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByLabel("Definition").fill("publish");
    await page.getByLabel("Definition").blur();
    await page.getByLabel("JSON", { exact: true }).fill('{"images": ["a"]}');
    await page.getByText("Upload image 1/1").waitFor();
    await page.getByRole("button", { name: "Add the job" }).click();
    await page.getByRole("heading", { name: "Add a job" }).waitFor({ state: "detached" });
    expect(await newestPayload()).toStrictEqual({ images: ["a"] });
  });

  test.each(["light", "dark"] as const)("axe finds nothing serious in %s; nothing sticks out", async (colorScheme) => {
    const page = await show("/add?identifier=shop", await browser.open({ colorScheme, width: 400 }));
    await page.getByRole("button", { name: "Add an item" }).click();
    await page.getByText("None yet:").waitFor();
    expect(await seriousFindings(page)).toStrictEqual([]);
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(400);
  });

  test("nothing was refused by the policy, thrown, or asked of another host", () => {
    expect(browser.complaints).toStrictEqual([]);
  });
});
