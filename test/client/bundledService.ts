/** A service that queues jobs and is bundled, by a test: it knows a definition's types, not its handlers. */
import { createRatchet, jobReference } from "pg-ratchet";

const publishListing = jobReference<typeof import("../../tasks/publish_listing.ts")>("publish_listing");
const ratchet = createRatchet();

/** Queues the sample job in both ways that need no import of it. */
export async function publish(sku: string): Promise<string[]> {
  const payload = { sku, title: "Jacket", price: 129.9, currency: "EUR", images: ["jacket-front.png"] };
  const { id } = await ratchet.add(publishListing, payload);
  const job = await ratchet.add<typeof import("../../tasks/publish_listing.ts")>("publish_listing", payload);
  const done = await ratchet.waitFor(job);
  return [id, job.id, done.results.create?.url ?? ""];
}
