import { describe, expect, test } from "vitest";

import { addPublish, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

describe("announce", () => {
  test("tells each tenant its own jobs, and says many where a list is too long", async () => {
    await withSession(sql, async (session) => {
      const told: Record<string, string[]> = {};
      session.on("notification", ({ channel, payload }) => {
        (told[channel] ??= []).push(payload ?? "");
      });
      const long = `tenant ${"é".repeat(60)}`;
      const channels = await Promise.all(
        ["one", "two", "many", long].map((tenant) =>
          sql.value<string>("select ratchet_private.announcement_channel($1)", [tenant]),
        ),
      );
      for (const channel of channels) {
        await session.query(`listen "${channel}"`);
      }
      const one = await addPublish(sql, [], { tenant: "one" });
      const two = await addPublish(sql, [], { tenant: "two" });
      const hidden = await addPublish(sql, [], { tenant: long });
      // Ids of four digits once made a payload over the 8,000 bytes that NOTIFY takes.
      await sql.rows("select setval('ratchet.jobs_id_seq', greatest(5000, (select max(id) from ratchet.jobs)))");
      const count = await sql.value<string>(
        "select count(*) from ratchet.add_jobs((select jsonb_agg(jsonb_build_object('identifier', 'single', 'tenant', 'many')) from generate_series(1, 1500)))",
      );
      expect(count).toBe("1500");
      for (const most of [700, 870, 874, 875, 1000, 1500]) {
        await session.query(
          "select ratchet_private.announce(array(select id from ratchet.jobs where tenant = 'many' order by id limit $1))",
          [most],
        );
      }
      await session.query("select ratchet_private.announce($1)", [[one.id, two.id, hidden.id, "987654321"]]);
      await session.query("select 1");
      expect(told[channels[0] ?? ""]).toStrictEqual([`{"jobs" : ["${one.id}"]}`]);
      expect(told[channels[1] ?? ""]).toStrictEqual([`{"jobs" : ["${two.id}"]}`]);
      expect(told[channels[3] ?? ""]).toStrictEqual([`{"jobs" : ["${hidden.id}"]}`]);
      expect(told[channels[2] ?? ""]?.map((payload) => payload === '{"many":true}')).toStrictEqual([
        false,
        false,
        false,
        false,
        true,
        true,
      ]);
      await session.query("unlisten *");
      session.removeAllListeners("notification");
    });
  });

  test("tells those who listen to all tenants every job, and nothing where there is none", async () => {
    await withSession(sql, async (session) => {
      const told: (string | undefined)[] = [];
      session.on("notification", ({ payload }) => {
        told.push(payload);
      });
      const channel = await sql.value<string>("select ratchet_private.announcement_channel(null)");
      await session.query(`listen "${channel}"`);
      const one = await addPublish(sql, [], { tenant: "one" });
      const two = await addPublish(sql, [], { tenant: "two" });
      for (const ids of [["987654321"], [one.id, two.id], []]) {
        await session.query("select ratchet_private.announce($1)", [ids]);
      }
      expect(told).toStrictEqual([`{"jobs" : ["${one.id}", "${two.id}"]}`]);
      await session.query("unlisten *");
      session.removeAllListeners("notification");
    });
  });

  test("uses channels of at most 63 bytes, and never one for two tenants", async () => {
    const long = "t".repeat(128);
    const hash = await sql.value<string>("select md5($1)", [long]);
    const tenants = ["a", "A", "t".repeat(40), "t".repeat(41), long, hash, `#${hash}`];
    const channels = await Promise.all(
      tenants.map((tenant) => sql.value<string>("select ratchet_private.announcement_channel($1)", [tenant])),
    );
    expect(new Set(channels).size).toBe(tenants.length);
    expect(Math.max(...channels.map((channel) => Buffer.byteLength(channel)))).toBeLessThanOrEqual(63);
  });
});
