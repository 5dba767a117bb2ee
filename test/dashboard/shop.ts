import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";
import { z } from "zod";

import { type AddJobSpec, addJob } from "../../src/database/calls/jobs.ts";
import { type AnyJobDefinition, type TaskContext, defineJob } from "../../src/index.ts";

/** What the pictures show: made up, but run by real workers. */
export const SHOP: Readonly<Record<string, AnyJobDefinition>> = {
  publish_listing: defineJob({
    payload: z.object({
      sku: z.string(),
      title: z.string(),
      price: z.number().positive(),
      currency: z.enum(["EUR", "GBP", "USD"]),
      images: z.array(z.string()).min(1),
    }),
    retry: { maxAttempts: 5, delay: "4 min" },
  })
    .task("validate", { title: "Validate product" }, ({ payload }) => brief({ images: payload.images.length }))
    .forEach("upload", "images", { title: "Upload image {n}/{total}" }, async ({ input }) => {
      await brief();
      if (input.startsWith("missing")) {
        throw failure("the marketplace answered 503: upload service is restarting", "upload");
      }
      return { imageId: `img-${randomInt(1000, 9999)}`, bytes: randomInt(40_000, 900_000) };
    })
    .task("create", { title: "Create listing" }, () => brief({ listingId: `L-${randomInt(10_000, 99_999)}` })),

  settle_order: defineJob({
    payload: z.object({ order: z.string(), amount: z.number(), card: z.string() }),
    retry: { maxAttempts: 3, delay: "1 s" },
  })
    .task("reserve", { title: "Reserve stock" }, () => brief({ shelf: "B-17" }))
    .task("charge", { title: "Charge card" }, async ({ payload }) => {
      await brief();
      if (payload.card === "expired") {
        throw failure("the bank declined the card: expired 09/26", "charge");
      }
      return { authorization: `A${randomInt(100_000, 999_999)}` };
    })
    .task("ship", { title: "Book parcel" }, () => brief({ parcel: `P${randomInt(100_000, 999_999)}` }))
    .task("mail", { title: "Send confirmation" }, () => brief()),

  import_catalogue: defineJob({ payload: z.object({ supplier: z.string(), files: z.array(z.string()) }) })
    .task("download", { title: "Download catalogue" }, () => brief({ files: 6 }))
    .forEach("read", "files", { title: "Read file {n}/{total}" }, async ({ input, signal, progress }: Reading) => {
      await brief();
      if (input === "long.csv") {
        progress(0.64);
        await delay(3_600_000, undefined, { signal });
      }
      return { rows: randomInt(500, 4000) };
    })
    .task("publish", { title: "Publish catalogue" }, () => brief()),

  send_newsletter: defineJob({ payload: z.object({ issue: z.string(), to: z.string() }) })
    .task("render", { title: "Render" }, () => brief())
    .task("send", { title: "Send" }, () => brief()),
};

type Reading = Pick<TaskContext<unknown, string, object>, "input" | "signal" | "progress">;

async function brief<Result = null>(result = null as Result): Promise<Result> {
  await delay(randomInt(60, 500));
  return result;
}

/** An error as it looks on a machine that is nobody's. */
function failure(message: string, where: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at ${where} (/srv/shop/tasks/${where}.ts:41:11)\n    at runTask (/srv/shop/node_modules/pg-ratchet/dist/engine/taskRun.js:88:20)`;
  return error;
}

const PRODUCTS = ["Rain jacket", "Wool scarf", "Trail shoes", "Canvas bag", "Linen shirt", "Felt hat"];

/** Adds what one hour brings: most of it goes well. */
export async function fillShop(pool: pg.Pool): Promise<void> {
  const add = (identifier: string, payload: object, rest: Partial<AddJobSpec> = {}): Promise<string> =>
    addJob(pool, { identifier, payload, ...rest });
  for (let index = 0; index < 60; index++) {
    const tenant = index % 3 === 0 ? "south" : "north";
    const title = PRODUCTS[index % PRODUCTS.length] ?? "";
    const listing = { sku: `SKU-${100 + index}`, title, price: 49, currency: "EUR", images: ["front.jpg", "back.jpg"] };
    await add("publish_listing", listing, { tenant });
    const card = index % 13 === 5 ? "expired" : "visa";
    await add("settle_order", { order: `2026-${4000 + index}`, amount: 49, card }, { tenant });
    await add("send_newsletter", { issue: "2026-47", to: `reader ${index}` }, { tenant });
  }
}

/** Adds what is still there when one looks. */
export async function fillCounter(pool: pg.Pool): Promise<string> {
  const files = ["a.csv", "b.csv", "c.csv", "long.csv", "e.csv", "f.csv"];
  await addJob(pool, { identifier: "import_catalogue", payload: { supplier: "Nordwind", files }, tenant: "north" });
  await addJob(pool, {
    identifier: "import_catalogue",
    payload: { supplier: "Sol", files: files.slice(2) },
    tenant: "south",
  });
  const images = ["front.jpg", "missing.jpg", "back.jpg"];
  const listing = { sku: "SKU-214", title: "Rain jacket", price: 89, currency: "EUR", images };
  await addJob(pool, { identifier: "publish_listing", payload: listing, tenant: "north", jobKey: "listing:214" });
  await addJob(pool, {
    identifier: "send_newsletter",
    payload: { issue: "2026-48", to: "everybody" },
    runAt: new Date(Date.now() + 5_400_000),
    jobKey: "newsletter:48",
  });
  return addJob(pool, {
    identifier: "settle_order",
    payload: { order: "2026-4061", amount: 129, card: "expired" },
    tenant: "south",
    jobKey: "order:2026-4061",
  });
}

/** Spreads what has ended over the last hour, and gives the machine another name. */
export const SPREAD = `
  set session_replication_role = replica;
  create temporary table spread as
    select id, make_interval(secs => (3480 * power((id * 7919 % 1000) / 1000.0, 1.3))::int) as earlier from ratchet.jobs where finished_at is not null;
  update ratchet.task_failures f set started_at = started_at - earlier, failed_at = failed_at - earlier from spread s where f.job_id = s.id;
  update ratchet.tasks t set started_at = started_at - earlier, completed_at = completed_at - earlier from spread s where t.job_id = s.id;
  update ratchet.jobs j set created_at = created_at - earlier, run_at = run_at - earlier, started_at = started_at - earlier,
    finished_at = finished_at - earlier from spread s where j.id = s.id;
  update ratchet.workers set host = 'shop-' || id, pid = 400 + id, started_at = started_at - interval '3 hours';
  set session_replication_role = origin;`;
