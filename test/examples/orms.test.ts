import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createProduct as createWithDrizzle, drizzleClient } from "../../examples/drizzle.ts";
import { createProduct as createWithKysely, type Database, kyselyClient } from "../../examples/kysely.ts";
import { PrismaClient } from "../../examples/prisma/generated/client.ts";
import { createProduct as createWithPrisma, prismaClient } from "../../examples/prisma/prisma.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { createRatchet, type Ratchet, type SqlClient } from "../../src/index.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import publishListing from "../../tasks/publish_listing.ts";
import { asRawPool, rejection } from "../client/clientBench.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

let database: TestDatabase;
let pool: pg.Pool;
let ratchet: Ratchet;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = asRawPool(database.url);
  await pool.query("create table products (id bigserial primary key, sku text not null, title text not null)");
  await registerDefinitions(database.pool, [definitionRow("publish_listing", publishListing)], true);
  // Whatever the library's transaction does, the client's own pool cannot help it.
  ratchet = createRatchet({ connectionString: "postgres://nobody@127.0.0.1:9/nowhere", schemas: TEST_SCHEMAS });
});

afterAll(async () => {
  for (const close of closing) {
    await close();
  }
  await ratchet.close();
  await pool.end();
  await database.drop();
});

type Created = Promise<{ productId: string; jobId: string }>;
type Product = Readonly<Record<"sku" | "title", string>>;

/** One library: the example's function, and its client inside any transaction. */
interface Library {
  readonly create: (product: Product, beforeCommit?: () => void) => Created;
  readonly inTransaction: <Result>(work: (client: SqlClient) => Promise<Result>) => Promise<Result>;
}

const libraries: Record<string, () => Library> = {
  Kysely() {
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: asRawPool(database.url) }) });
    closing.push(() => db.destroy());
    return {
      create: (product, beforeCommit) => createWithKysely({ db, ratchet }, product, beforeCommit),
      inTransaction: (work) => db.transaction().execute((transaction) => work(kyselyClient(transaction))),
    };
  },
  Drizzle() {
    const db = drizzle(pool);
    return {
      create: (product, beforeCommit) => createWithDrizzle({ db, ratchet }, product, beforeCommit),
      inTransaction: (work) => db.transaction((transaction) => work(drizzleClient(transaction))),
    };
  },
  Prisma() {
    const db = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) });
    closing.push(() => db.$disconnect());
    return {
      create: (product, beforeCommit) => createWithPrisma({ db, ratchet }, product, beforeCommit),
      inTransaction: (work) => db.$transaction((transaction) => work(prismaClient(transaction))),
    };
  },
};

async function stored(sku: string): Promise<unknown> {
  const products = await pool.query("select id::text from products where sku = $1", [sku]);
  const jobs = await database.pool.query(
    `select j.id, j.job_key, (select count(*)::int from ratchet.tasks t where t.job_id = j.id) as tasks
     from ratchet.jobs j where j.payload ->> 'sku' = $1`,
    [sku],
  );
  return { products: products.rows, jobs: jobs.rows };
}

describe.each(Object.entries(libraries))("with %s", (name, open) => {
  const product = (which: string): Product => ({ sku: `${name}-${which}`, title: "Jacket with $1 'quotes'" });
  let library: Library;

  beforeAll(() => {
    library = open();
  });

  test("a product and its job are there together", async () => {
    const { productId, jobId } = await library.create(product("kept"));
    expect(await stored(`${name}-kept`)).toStrictEqual({
      products: [{ id: productId }],
      jobs: [{ id: jobId, job_key: `listing:${productId}`, tasks: 3 }],
    });
  });

  test("a rollback takes both away", async () => {
    const failure = rejection(
      library.create(product("gone"), () => {
        throw new Error("something else failed");
      }),
    );
    expect(String(await failure)).toContain("something else failed");
    expect(await stored(`${name}-gone`)).toStrictEqual({ products: [], jobs: [] });
  });

  test("every other call works in the library's transaction too, and errors are Ratchet's", async () => {
    const { jobId } = await library.create(product("followed"));
    await library.inTransaction(async (client) => {
      expect(await ratchet.get(jobId, { client })).toMatchObject({ payload: { sku: `${name}-followed` } });
      expect(await ratchet.list({ search: `${name}-followed`, status: ["PENDING"], limit: 1, client })).toMatchObject([
        { id: jobId },
      ]);
      expect(await ratchet.cancel(jobId, { reason: "sold", client })).toStrictEqual({ id: jobId, status: "CANCELLED" });
      expect(await ratchet.retry(jobId, { client })).toMatchObject({ id: jobId });
      const many = [{ payload: { title: "no sku" } }];
      expect(await rejection(ratchet.addMany("publish_listing", many, { client }))).toMatchObject({ code: "RT118" });
    });
    const unknown = library.inTransaction((client) => ratchet.add("nonsense", {}, { client }));
    expect(await rejection(unknown)).toMatchObject({ code: "RT001", hint: expect.stringContaining("publish_listing") });
  });
});

test("Prisma's generated client is of the schema beside it", async () => {
  const folder = join(import.meta.dirname, "../../examples/prisma");
  const schema = await readFile(join(folder, "schema.prisma"), "utf8");
  expect(await readFile(join(folder, "generated/internal/class.ts"), "utf8")).toContain(JSON.stringify(schema));
});
