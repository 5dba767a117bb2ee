import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { type Marketplace, startMarketplace } from "../../examples/marketplace.ts";
import { testJob } from "../../src/testing/index.ts";
import publishListing from "../../tasks/publish_listing.ts";

const databaseUrl = inject("testServerUrl");
const jacket = {
  sku: "JKT-1",
  title: "Jacket",
  price: 129.9,
  currency: "EUR",
  folder: path.join(import.meta.dirname, "../../examples/products"),
  images: ["jacket-front.png", "jacket-back.png", "jacket-zip.png"],
};

let folder: string;
let marketplace: Marketplace;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "marketplace-"));
  marketplace = await startMarketplace({ folder });
  vi.stubEnv("MARKETPLACE_URL", marketplace.url);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await marketplace.close();
  await rm(folder, { recursive: true, force: true });
});

test("the reset of the second upload is retried after 30 s, and nothing that was done is done again", async () => {
  const job = await testJob(publishListing, jacket, { databaseUrl });
  expect(job.status).toBe("COMPLETED");
  expect(job.calls.map(({ task, outcome }) => `${task} ${outcome}`)).toStrictEqual([
    "validate completed",
    "upload[1] completed",
    "upload[2] failed",
    "upload[2] completed",
    "upload[3] completed",
    "create completed",
  ]);
  expect(job.failures).toMatchObject([{ message: "fetch failed: read ECONNRESET", retryInMs: 30_000 }]);
  const listing = (await (await fetch(job.results.create?.url ?? "")).json()) as { imageIds: string[] };
  expect(listing.imageIds).toStrictEqual(job.results.upload?.map(({ imageId }) => imageId));
});

test("a crash after an upload or after the listing stores neither twice", async () => {
  const job = await testJob(publishListing, jacket, { databaseUrl, crashAfter: ["upload[1]", "create"] });
  expect(job.status).toBe("COMPLETED");
  expect(await (await fetch(marketplace.url)).text()).toContain("1 listings, 3 images received");
});

test("an image that is missing fails the job for good before anything is sent", async () => {
  const job = await testJob(publishListing, { ...jacket, images: ["missing.png"] }, { databaseUrl });
  expect([job.status, job.calls.length]).toStrictEqual(["FAILED", 1]);
  expect(job.failures).toMatchObject([{ task: "validate", name: "NonRetryableError", retryInMs: null }]);
});
