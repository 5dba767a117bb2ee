import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { useServer } from "../graphql/server.ts";
import { addPublish, addWorker, checkpoint, claimOne, readJob } from "../sql/fixtures.ts";
import { waitUntil } from "../support/waiting.ts";
import { chromiumPath, useBrowser } from "./browser.ts";
import { useBuiltDashboard } from "./builtDashboard.ts";

const MOST_TABS = 80;
const HOUR_MS = 3_600_000;
const folder = useBuiltDashboard();
const bench = useServer({ dashboardFolder: folder });
const { sql } = bench;

interface Focus {
  readonly name: string;
  readonly isMarked: boolean;
  readonly isInDialog: boolean;
}

function focus(page: Page): Promise<Focus> {
  return page.evaluate<Focus>(`(() => {
    const focused = document.activeElement;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(focused);
    return {
      name: (focused.getAttribute("aria-label") ?? focused.closest("label")?.textContent ?? focused.textContent).trim(),
      isMarked: (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none",
      isInDialog: focused === document.body || focused.closest("dialog[open]") !== null,
    };
  })()`);
}

/** Goes on with Tab until the focus is there; whatever has it on the way must show it. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    await page.keyboard.press("Tab");
    const focused = await focus(page);
    expect(focused).toMatchObject({ isMarked: true });
    passed.push(focused.name);
    if (name.test(focused.name)) {
      return;
    }
  }
  throw new Error(`${String(name)} is not among what Tab reaches: ${passed.join(" | ")}`);
}

async function addFailed(): Promise<string> {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [
    { job: id, position: 1, fence, kind: "F", failure: { error_message: "the shelf is empty", can_retry: false } },
  ]);
  return id;
}

describe.runIf(chromiumPath !== null)("with the keyboard alone", () => {
  const browser = useBrowser();

  async function show(path: string): Promise<Page> {
    const page = await browser.open();
    await page.goto(`${bench.server().url}${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    return page;
  }

  test("from the front page to a job, and it is retried with a reason", async () => {
    const id = await addFailed();
    const page = await show("/");
    await page.keyboard.press("g");
    await page.keyboard.press("j");
    await page.getByRole("link", { name: id, exact: true }).waitFor();
    await tabTo(page, new RegExp(`^${id}$`, "v"));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    expect(await page.title()).toContain(`Job ${id}`);
    await tabTo(page, /^Retry now/v);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let tabs = 0; tabs < 8; tabs++) {
      await page.keyboard.press("Tab");
      expect(await focus(page)).toMatchObject({ isInDialog: true });
    }
    await page.keyboard.press("Escape");
    // Taken out of the page, not only hidden: the next Enter is for a new one.
    await page.locator("dialog").waitFor({ state: "detached" });
    expect((await focus(page)).name).toMatch(/^Retry now/v);
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    if (!(await focus(page)).name.startsWith("Reason")) {
      await tabTo(page, /^Reason/v);
    }
    await page.keyboard.type("the shelf is full");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "the shelf is full" }).waitFor();
    await dialog.waitFor({ state: "detached" });
    expect(await readJob(sql, id)).toMatchObject({ finished_at: null });
  });

  test("g and a letter goes to each page, at once, however late the browser draws it", async () => {
    const page = await show("/");
    // From here on no frame comes and no timer ends.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + HOUR_MS);
    for (const [letter, title] of [
      ["j", "Jobs"],
      ["w", "Workers"],
      ["a", "Add a job"],
      ["o", "Overview"],
    ] as const) {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      expect(await page.title()).toContain(title);
      expect(await page.evaluate<string>("document.activeElement.id")).toBe("content");
    }
    await page.keyboard.press("?");
    expect(await page.evaluate<boolean>("document.querySelector('dialog').open")).toBe(true);
  });

  test("/ goes to the search from anywhere; keys typed into a field are the field's", async () => {
    const page = await show("/workers");
    await page.keyboard.press("/");
    await waitUntil(() => page.evaluate<boolean>(`document.activeElement.matches("input")`));
    await page.keyboard.type("gj?/");
    expect(await page.evaluate<string>("document.activeElement.value")).toBe("gj?/");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Enter");
    await page.getByText("No job matches").waitFor();
    expect(new URL(page.url()).searchParams.get("text")).toBe("gj?/");
  });

  test("? shows all keys, Escape closes it and gives the focus back", async () => {
    const page = await show("/jobs");
    await tabTo(page, /^Workers$/v);
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    const text = (await dialog.textContent()) ?? "";
    for (const key of ["g", "/", "?"]) {
      expect(text).toContain(key);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect((await focus(page)).name).toBe("Workers");
  });

  test("the first Tab offers the way past the navigation", async () => {
    const page = await show("/jobs");
    await page.keyboard.press("Tab");
    expect((await focus(page)).name).toBe("To the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate<string>("document.activeElement.id")).toBe("content");
  });
});
