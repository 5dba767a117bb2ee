import { expect, test } from "vitest";

import { LISTING_VERSION, useListings } from "./listings.ts";

const { pool, ratchet } = useListings();

test("ratchet workers lists live and silent ones, and with --all the stopped", async () => {
  expect((await ratchet("workers")).out).toBe("No worker runs. Start one with: ratchet worker\n");
  await pool().query(
    `insert into ratchet.workers (host, pid, version, concurrency, known_versions, started_at, beat_at, stopped_at)
     values ('box-a', 11, '0.1.0', 10, array[$1], now(), now(), null), ('box-b', 12, '0.1.0', 5, '{}', now(), now() - interval '40 s', null),
       ('box-c', 13, '0.0.9', 5, '{}', now(), now() - interval '3 days', now() - interval '3 days')`,
    [LISTING_VERSION],
  );
  const { out } = await ratchet("workers");
  expect(out).toMatch(/ silent \| box-b \| +12 \| 0\.1\.0 +\| {2}0\/5 \| +4\d s \|\n/v);
  expect(out).toMatch(/ alive +\| box-a \| +11 \| 0\.1\.0 +\| 0\/10 \| +\d s \| publish_listing\n/v);
  expect(out).not.toContain("box-c");
  const able = (await ratchet("workers", "--identifier", "publish_listing")).out;
  expect([able.includes("box-a"), able.includes("box-b")]).toStrictEqual([true, false]);
  expect((await ratchet("workers", "--identifier", "publish_lsiting")).err).toContain("Did you mean publish_listing?");
  expect((await ratchet("workers", "--all")).out).toMatch(/ stopped \| box-c \| .* 3 d \|/v);
  expect(JSON.parse((await ratchet("workers", "--json")).out)).toMatchObject([
    { host: "box-b", state: "silent", identifiers: [] },
    { host: "box-a", state: "alive", identifiers: ["publish_listing"] },
  ]);
  await pool().query("delete from ratchet.workers");
});
