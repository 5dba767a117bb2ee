import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { type Browser, type Page, chromium } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

import { findChromium } from "../support/programs.ts";

/** The browser of this machine, or null. */
export const chromiumPath = findChromium();

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How a window looks. */
export interface WindowOptions {
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
  readonly timezoneId?: string;
}

/** What tests of pages use. */
export interface BrowserBench {
  /** A window of its own: no other shares its storage. */
  readonly open: (options?: WindowOptions) => Promise<Page>;
  /** What pages complained of: errors, refusals of the policy, requests to other hosts. */
  readonly complaints: string[];
}

/** A browser for the test file. */
export function useBrowser(): BrowserBench {
  const complaints: string[] = [];
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: FLAGS });
  });

  afterAll(() => browser.close());
  return {
    complaints,
    async open({ colorScheme = "light", width = 1280, ...rest } = {}) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, ...rest });
      // For what never comes: a shorter one makes tests fail where many processes want the CPU.
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      page.on("pageerror", ({ message }) => complaints.push(message));
      page.on("console", (message) => {
        // A connection that is refused while the server restarts is said in red, too, and is no fault of the page.
        if (message.type() === "error" && !/ERR_CONNECTION|WebSocket|Failed to load resource/v.test(message.text())) {
          complaints.push(message.text());
        }
      });
      page.on("request", (request) => {
        if (!new URL(request.url()).hostname.startsWith("127.0.0.1")) {
          complaints.push(`request to ${request.url()}`);
        }
      });
      return page;
    },
  };
}

interface AxeViolation {
  readonly impact: string | null;
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds of these impacts on the page; default: serious or worse. */
export async function seriousFindings(
  page: Page,
  impacts: readonly string[] = ["serious", "critical"],
): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const violations = await page.evaluate<AxeViolation[]>(
    `(() => { ${source}; return axe.run().then((result) => result.violations) })()`,
  );
  return violations
    .filter(({ impact }) => impact !== null && impacts.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
