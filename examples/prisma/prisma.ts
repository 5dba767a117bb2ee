/** Prisma: a product and the job that publishes it, in one transaction. */
import { jobReference, type Ratchet, type SqlClient } from "pg-ratchet";
import type { PrismaClient } from "./generated/client.ts";

// The definition's types only: none of its code comes along.
const publishListing = jobReference<typeof import("../../tasks/publish_listing.ts")>("publish_listing");

/** Lets Ratchet run its statements in Prisma's interactive transaction. */
export function prismaClient(transaction: Pick<PrismaClient, "$queryRawUnsafe">): SqlClient {
  return {
    // "Unsafe" is a text put together by hand; Ratchet's are constant, and values go as parameters.
    query: async (text, values) => ({ rows: await transaction.$queryRawUnsafe<unknown[]>(text, ...values) }),
  };
}

/**
 * Stores a product and queues its job: both, or neither.
 * @param beforeCommit whatever else belongs to the transaction; if it throws, product and job are gone.
 */
export function createProduct(
  { db, ratchet }: { readonly db: PrismaClient; readonly ratchet: Ratchet },
  product: { readonly sku: string; readonly title: string },
  beforeCommit: () => void = () => {},
): Promise<{ productId: string; jobId: string }> {
  return db.$transaction(async (transaction) => {
    const { id } = await transaction.product.create({ data: product });
    const listing = { ...product, price: 129.9, currency: "EUR", images: ["jacket-front.png"] };
    const job = await ratchet.add(publishListing, listing, {
      client: prismaClient(transaction),
      jobKey: `listing:${id}`,
    });
    beforeCommit();
    return { productId: String(id), jobId: job.id };
  });
}
