// A Node service in plain JavaScript, with nothing but `pg`: it adds a product and queues the job that publishes it, in
// one transaction. Run setup.sql first, then:
//   DATABASE_URL=postgres://listing_service:change%20me@127.0.0.1:5432/shop node examples/services/products.js
import process from "node:process";

import pg from "pg";

const PRODUCT = {
  sku: "JKT-JS",
  title: "Jacket",
  price: 129.9,
  currency: "EUR",
  images: ["jacket-front.png", "jacket-back.png", "jacket-zip.png"],
};

/** Adds the product and its job; gives the job's number. The caller's transaction commits both or neither. */
async function addProduct(client, product) {
  await client.query("insert into products (sku, title, price, currency, images) values ($1, $2, $3, $4, $5)", [
    product.sku,
    product.title,
    product.price,
    product.currency,
    product.images,
  ]);
  const { rows } = await client.query("select id from ratchet.add_job('publish_listing', $1, job_key => $2)", [
    { ...product, folder: "examples/products" },
    `listing:${product.sku}`,
  ]);
  return rows[0].id;
}

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
try {
  // Something goes wrong after the job was queued: neither the product nor the job is there afterwards.
  await client.query("begin");
  const lostId = await addProduct(client, PRODUCT);
  await client.query("rollback");
  const left = await client.query("select count(*) as jobs from ratchet.jobs where id = $1", [lostId]);
  console.log(`Rolled back: ${left.rows[0].jobs} jobs.`);

  // All is well: both are there at once, and a worker takes the job.
  await client.query("begin");
  const jobId = await addProduct(client, PRODUCT);
  await client.query("commit");
  const { rows } = await client.query("select status from ratchet.jobs where id = $1", [jobId]);
  console.log(`Job ${jobId} is ${rows[0].status}.`);

  // A mistake comes back as any database error does; the code stays the same for ever, the hint says what to do.
  await client.query("select ratchet.add_job('publish_listing', '{}')").catch((error) => {
    console.log(`${error.code}: ${error.message}`);
  });
} finally {
  await client.end();
}
