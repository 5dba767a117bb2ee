/** Kysely: a product and the job that publishes it, in one transaction. */
import { CompiledQuery, type Generated, type Kysely, type Transaction } from "kysely";
import { jobReference, type Ratchet, type SqlClient } from "pg-ratchet";

/** The application's own tables. */
export interface Database {
  products: { id: Generated<string>; sku: string; title: string };
}

// The definition's types only: none of its code comes along.
const publishListing = jobReference<typeof import("../tasks/publish_listing.ts")>("publish_listing");

/** Lets Ratchet run its statements in Kysely's transaction. */
export function kyselyClient<Tables>(transaction: Transaction<Tables>): SqlClient {
  return { query: (text, values) => transaction.executeQuery(CompiledQuery.raw(text, values)) };
}

/**
 * Stores a product and queues its job: both, or neither.
 * @param beforeCommit whatever else belongs to the transaction; if it throws, product and job are gone.
 */
export function createProduct(
  { db, ratchet }: { readonly db: Kysely<Database>; readonly ratchet: Ratchet },
  product: { readonly sku: string; readonly title: string },
  beforeCommit: () => void = () => {},
): Promise<{ productId: string; jobId: string }> {
  return db.transaction().execute(async (transaction) => {
    const { id } = await transaction.insertInto("products").values(product).returning("id").executeTakeFirstOrThrow();
    const listing = { ...product, price: 129.9, currency: "EUR", images: ["jacket-front.png"] };
    const job = await ratchet.add(publishListing, listing, {
      client: kyselyClient(transaction),
      jobKey: `listing:${id}`,
    });
    beforeCommit();
    return { productId: id, jobId: job.id };
  });
}
