/** Takes the pictures of the dashboard for README and docs: `npm run pictures`, looked at before they are committed. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { pino } from "pino";
import { type Page, chromium } from "playwright-core";
import { build } from "vite";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { startServer } from "../../src/http/startServer.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { findChromium } from "../support/programs.ts";
import { createRunFolder, removeRunFolder } from "../support/runFolder.ts";
import { waitUntil } from "../support/waiting.ts";
import { SHOP, SPREAD, fillCounter, fillShop } from "./shop.ts";

const PROJECT = join(import.meta.dirname, "../..");
const IMAGES = join(PROJECT, "docs/images");
const MOST_BYTES = 200_000;
const log = pino({ level: "silent" });

const folder = createRunFolder();
const dashboardFolder = join(folder, "dashboard");
await build({
  configFile: join(PROJECT, "src/dashboard/vite.config.ts"),
  build: { outDir: dashboardFolder },
  logLevel: "warn",
});
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "data"), parentForRoot: folder });
const pool = createPool({ connectionString: postgres.url, applicationName: "pictures" });
await migrate(pool);
const worker = { connectionString: postgres.url, definitions: SHOP, shutdownGraceMs: 100, concurrency: 20, log };
const workers = await Promise.all([startWorker(worker), startWorker(worker)]);
await fillShop(pool);
const count = async (condition: string): Promise<number> => {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ratchet.jobs where ${condition}`);
  return rows[0]?.n ?? 0;
};
await waitUntil(async () => (await count("finished_at is null")) === 0);
const client = await pool.connect();
await client.query(SPREAD);
client.release();
const failed = await fillCounter(pool);
await waitUntil(async () => (await count(`id = ${failed} and finished_at is not null`)) === 1);
await waitUntil(async () => (await count("status = 'FAILED' and next_attempt_at is not null")) === 1);

const server = await startServer({ connectionString: postgres.url, port: 0, dashboardFolder, log });
await server.ready;
const browser = await chromium.launch({ executablePath: findChromium() ?? "", args: ["--headless", "--no-sandbox"] });

async function fillForm(page: Page): Promise<void> {
  await page.getByLabel(/^sku/iv).fill("SKU-215");
  await page.getByLabel(/^title/iv).fill("Wool scarf");
  await page.getByLabel(/^price/iv).fill("39");
  await page.getByLabel(/^currency/iv).selectOption("EUR");
  await page.getByLabel(/^images/iv).fill("front.jpg\nback.jpg\nlabel.jpg");
  await page.getByText("Upload image 3/3").waitFor();
  // Without the mark of the focus.
  await page.getByRole("heading", { level: 1 }).click();
}

await mkdir(IMAGES, { recursive: true });
for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({
    colorScheme,
    viewport: { width: 1200, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
  for (const [name, path, sign, height, prepare] of [
    ["overview", "/", ".chart", 980, null],
    ["jobs", "/jobs", "table", 800, null],
    ["job", `/jobs/${failed}`, "table.plan", 1000, null],
    ["workers", "/workers", "main", 600, null],
    ["add", "/add?identifier=publish_listing", "fieldset", 1240, fillForm],
  ] as const) {
    await page.goto(`${server.url}${path}`);
    await page.locator(sign).first().waitFor();
    await prepare?.(page);
    await page.waitForLoadState("networkidle");
    const picture = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1200, height } });
    if (picture.length > MOST_BYTES) {
      throw new Error(`${name} in ${colorScheme} has ${picture.length} bytes.`);
    }
    await writeFile(join(IMAGES, `dashboard-${name}-${colorScheme}.png`), picture);
  }
}
await browser.close();
await server.close();
await Promise.all(workers.map((each) => each.stop()));
await pool.end();
await postgres.stop();
removeRunFolder(folder);
