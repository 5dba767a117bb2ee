import { expect, test } from "vitest";

import { LISTING_VERSION, useListings } from "./listings.ts";

const { pool, ratchet, add } = useListings();

test("ratchet definitions lists them, and shows one", async () => {
  const list = await ratchet("definitions");
  expect(list.out).toMatch(/ publish_\S+ \| [\da-f]{16} \| validate,\S* .*\| +5 \| +\d+ .*\| +0\n/v);
  const one = await ratchet("definitions", "publish_listing");
  expect(one.out).toContain("Upload image {n}/{total}");
  expect(one.out).toMatch(/ between them\.$/mv);
  expect(one.out).toContain('Payload:\n{\n  "');
  const [json] = JSON.parse((await ratchet("definitions", "--json")).out) as unknown[];
  expect(json).toMatchObject({ identifier: "publish_listing", isCurrent: true, liveWorkers: 0, maxAttempts: 5 });
  await pool().query("update ratchet.definitions set timeout = '10 min' where identifier = 'publish_listing'");
  expect((await ratchet("definitions", "publish_listing")).out).toMatch(/ between them; a job may take 10 min\.$/mv);
  const unknown = await ratchet("definitions", "publish_lsiting");
  expect(unknown.err).toContain("Did you mean publish_listing?");
  expect(unknown.exitCode).toBe(3);
});

test("older versions are listed while jobs need them", async () => {
  await pool().query(
    `insert into ratchet.definitions (identifier, version, templates, registered_at, current_since)
     values ('publish_listing', 'older', '[]', now(), now() - interval '1 day')`,
  );
  expect((await ratchet("definitions")).out).not.toContain("older");
  expect((await ratchet("definitions", "--all-versions")).out).toContain("older (old)");
  const id = await add();
  await pool().query("update ratchet.jobs set version = 'older' where id = $1", [id]);
  expect((await ratchet("definitions")).out).toMatch(
    new RegExp(`${LISTING_VERSION} .*\n publish_\\S+ \\| older \\(old\\) `, "v"),
  );
  await pool().query("delete from ratchet.jobs where id = $1", [id]);
});
