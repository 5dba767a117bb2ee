import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import type pg from "pg";

import { addJob, type JobSnapshot } from "../database/calls/jobs.ts";
import { setVariable } from "../config/setVariable.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { findJob } from "./findJob.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const MARKETPLACE = join(EXAMPLES, "marketplace.ts");
const PRODUCT = join(EXAMPLES, "products", "jacket.json");
const IDENTIFIER = "publish_listing";
const RETRY_DELAY_MS = 3_000;

/** The running marketplace of the sample. */
export interface SampleMarketplace {
  readonly url: string;
  close(): Promise<void>;
}

/** What `examples/marketplace.ts` exports; a computed import, since an installed package has no examples. */
interface MarketplaceModule {
  readonly startMarketplace: (options: { folder: string; port?: number | undefined }) => Promise<SampleMarketplace>;
}

/** Throws RT110 where there is no sample: in an installed package. */
export function demandSample(): void {
  if (!existsSync(MARKETPLACE)) {
    throw new RatchetError(
      "RT110",
      "--sample is not possible here: the installed package does not contain the sample.",
      {
        hint: "Leave --sample out; `ratchet up` runs the definitions of your own task folder. The sample is in Ratchet's repository.",
      },
    );
  }
}

/** Starts the sample's marketplace and tells the task files of this process where it is. */
export async function startSampleMarketplace(folder: string, port: number | undefined): Promise<SampleMarketplace> {
  const module = (await import(pathToFileURL(MARKETPLACE).href)) as MarketplaceModule;
  const marketplace = await module.startMarketplace({ folder, port });
  setVariable("MARKETPLACE_URL", marketplace.url);
  return marketplace;
}

/**
 * Queues the sample's product. While a sample job is unfinished that one is given instead, so that a start after a crash
 * goes on with it.
 */
export async function addSampleJob(pool: pg.Pool): Promise<JobSnapshot> {
  const product = JSON.parse(await readFile(PRODUCT, "utf8")) as Record<string, unknown>;
  const id = await addJob(pool, {
    identifier: IDENTIFIER,
    // The file names its folder relative to the project, and we may have been started elsewhere.
    payload: { ...product, folder: dirname(PRODUCT) },
    retryDelayMs: RETRY_DELAY_MS,
    jobKey: "sample",
    jobKeyMode: "unsafe_dedupe",
  });
  return findJob(pool, id);
}
