// Compiled by `npm run types`, never run: what must compile, what must not, and which types come out.
import type pg from "pg";
import { z } from "zod";
import {
  type AddedJob,
  defineJob,
  type JobDetails,
  jobReference,
  type QueuedPayload,
  type Ratchet,
  type RatchetPool,
  type SqlClient,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles exactly if both types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

declare const ratchet: Ratchet;
declare const pool: pg.Pool;
declare const client: pg.Client;
declare const poolClient: pg.PoolClient;

const definition = defineJob({
  identifier: "publish_listing",
  payload: z.object({ sku: z.string(), price: z.number().default(1), images: z.array(z.string()) }),
})
  .task("validate", () => ({ at: new Date() }))
  .forEach("upload", "images", ({ input }) => ({ url: input }));
const reference = jobReference<typeof definition>("publish_listing");
const sample = jobReference<typeof import("../../tasks/publish_listing.ts")>("publish_listing");
const sampleDefault = jobReference<typeof import("../../tasks/publish_listing.ts").default>("publish_listing");
const withValue = jobReference("publish_listing", definition);
const untyped = jobReference("anything");

const payload = { sku: "JKT-1", images: ["a.jpg"] };
const listing = { sku: "JKT-1", title: "Jacket", price: 1, currency: "EUR", images: ["a.jpg"] };

/** Every way to name a job, and the types that come back. */
export async function named(): Promise<void> {
  const byDefinition = await ratchet.add(definition, payload);
  same<typeof byDefinition, AddedJob<typeof definition>>(true);
  const byReference = await ratchet.add(reference, payload);
  same<typeof byReference, AddedJob<typeof definition>>(true);
  same<Awaited<ReturnType<typeof addWithValue>>, AddedJob<typeof definition>>(true);
  await ratchet.add(sample, listing);
  await ratchet.add(sampleDefault, listing);
  await ratchet.add<typeof definition>("publish_listing", payload);
  await ratchet.add<typeof import("../../tasks/publish_listing.ts")>("publish_listing", listing);
  await ratchet.add<typeof import("../../tasks/publish_listing.ts").default>("publish_listing", listing);
  await ratchet.add(untyped, { whatever: 1 });
  const byName = await ratchet.add("anything", { whatever: 1 });

  const done = await ratchet.waitFor(byReference);
  same<typeof done, JobDetails<typeof definition>>(true);
  same<typeof done.results.upload, { url: string }[] | undefined>(true);
  same<typeof done.results.validate, { at: string } | undefined>(true);
  // @ts-expect-error: a result of no task
  same<typeof done.results.create, unknown>(true);
  const again = await ratchet.get<typeof definition>(done.id);
  same<typeof again, JobDetails<typeof definition> | null>(true);
  const unknown = await ratchet.waitFor(byName.id);
  same<(typeof unknown)["results"], Readonly<Record<string, unknown>>>(true);
}

function addWithValue() {
  return ratchet.add(withValue, payload);
}

// A default in the schema need not be queued; a schema that converts its input says nothing about it.
same<QueuedPayload<typeof definition>, { sku: string; images: string[]; price?: number | undefined }>(true);
const converting = defineJob({ payload: z.preprocess((raw) => raw, z.object({ id: z.string() })) });
same<QueuedPayload<typeof converting>, object>(true);
same<QueuedPayload<{ default: typeof definition }>, QueuedPayload<typeof definition>>(true);

// Whatever speaks SQL.
void ratchet.add(definition, payload, { client, retryDelay: "30 s", runAt: new Date(), jobKey: "k" });
void ratchet.add(definition, payload, { client: poolClient });
void ratchet.add(definition, payload, { client: pool });
void ratchet.addMany(definition, [{ payload, jobKey: "1" }, { payload }], { client });
/** A pool and clients of pg fit. */
export const fitting: readonly [RatchetPool, SqlClient, SqlClient] = [pool, client, poolClient];

// @ts-expect-error: a property is missing
void ratchet.add(definition, { sku: "JKT-1" });
// @ts-expect-error: a property of another type
void ratchet.add(reference, { ...payload, price: "1" });
// @ts-expect-error: a property that is not known
void ratchet.add(reference, { sku: "JKT-1", images: [], colour: "red" });
// @ts-expect-error: not what the module's definition takes
void ratchet.add<typeof import("../../tasks/publish_listing.ts")>("publish_listing", payload);
// @ts-expect-error: no object
void ratchet.add("anything", "text");
// @ts-expect-error: a payload is missing
void ratchet.add(definition);
// @ts-expect-error: an unknown option
void ratchet.add(definition, payload, { job_key: "k" });
// @ts-expect-error: milliseconds are no duration
void ratchet.add(definition, payload, { retryDelay: 30_000 });
// @ts-expect-error: one of many has another type
void ratchet.addMany(definition, [{ payload }, { payload: { sku: 1, images: [] } }]);
// @ts-expect-error: the type of a module without a definition
jobReference<{ readonly handler: () => void }>("publish_listing");
// @ts-expect-error: not a status
void ratchet.list({ status: "DONE" });
