/** Drizzle: a product and the job that publishes it, in one transaction. */
import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { bigserial, pgTable, text } from "drizzle-orm/pg-core";
import { jobReference, type Ratchet, type SqlClient } from "pg-ratchet";

/** The application's own table. */
export const products = pgTable("products", {
  id: bigserial("id", { mode: "bigint" }).primaryKey(),
  sku: text("sku").notNull(),
  title: text("title").notNull(),
});

// The definition's types only: none of its code comes along.
const publishListing = jobReference<typeof import("../tasks/publish_listing.ts")>("publish_listing");

/** Lets Ratchet run its statements in Drizzle's transaction: each `$1` becomes one of Drizzle's own parameters. */
export function drizzleClient(transaction: Pick<NodePgDatabase, "execute">): SqlClient {
  return {
    query(statement, values) {
      const parts = statement.split(/\$(?<number>\d+)/v);
      const chunks = parts.map((part, index) =>
        index % 2 === 0 ? sql.raw(part) : sql.param(values[Number(part) - 1]),
      );
      return transaction.execute(sql.join(chunks));
    },
  };
}

/**
 * Stores a product and queues its job: both, or neither.
 * @param beforeCommit whatever else belongs to the transaction; if it throws, product and job are gone.
 */
export function createProduct(
  { db, ratchet }: { readonly db: NodePgDatabase; readonly ratchet: Ratchet },
  product: { readonly sku: string; readonly title: string },
  beforeCommit: () => void = () => {},
): Promise<{ productId: string; jobId: string }> {
  return db.transaction(async (transaction) => {
    const [row] = await transaction.insert(products).values(product).returning({ id: products.id });
    const productId = String(row?.id);
    const listing = { ...product, price: 129.9, currency: "EUR", images: ["jacket-front.png"] };
    const job = await ratchet.add(publishListing, listing, {
      client: drizzleClient(transaction),
      jobKey: `listing:${productId}`,
    });
    beforeCommit();
    return { productId, jobId: job.id };
  });
}
