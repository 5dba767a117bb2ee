import { afterEach, expect, inject, test, vi } from "vitest";
import { defineJob } from "../../src/index.ts";
import { createTestBench } from "../../src/testing/index.ts";
import { useGivenServer } from "../../src/testing/server/givenServer.ts";
import { withAdmin } from "../support/databases.ts";

const url = inject("testServerUrl");
const definitions = { note: defineJob().task("note", () => 1) };

afterEach(() => {
  vi.unstubAllEnvs();
});

async function databases(): Promise<string[]> {
  return withAdmin(url, async (client) => {
    const { rows } = await client.query<{ name: string }>("select datname as name from pg_database");
    return rows.map(({ name }) => name);
  });
}

test("RATCHET_TEST_DATABASE_URL names the server", async () => {
  vi.stubEnv("RATCHET_TEST_DATABASE_URL", url);
  await using bench = await createTestBench({ definitions });
  expect(new URL(bench.connectionString).host).toBe(new URL(url).host);
  expect(bench.connectionString).not.toBe(url);
});

test("what a killed run has left is dropped, a living one's is not", async () => {
  const left = "ratchet_testing_999999_0_abc_1";
  await using bench = await createTestBench({ definitions, databaseUrl: url });
  await withAdmin(url, (client) => client.query(`create database ${left}`));
  await useGivenServer({ url, from: "databaseUrl" });
  const names = await databases();
  expect(names).not.toContain(left);
  expect(names).toContain(new URL(bench.connectionString).pathname.slice(1));
});

test("two that make the template at once both get it", async () => {
  const servers = await Promise.all([1, 2].map(() => useGivenServer({ url, from: "databaseUrl" })));
  const made = await Promise.all(servers.map((server) => server.createDatabase()));
  expect(new Set(made.map(({ connectionString }) => connectionString)).size).toBe(2);
  await Promise.all(made.map((database) => database.drop()));
  const drafts = (await databases()).filter((name) => new RegExp(`_${process.pid}_.*_draft$`, "v").test(name));
  expect(drafts).toStrictEqual([]);
});

test("a role that may not create databases is RT103 and told what to do", async () => {
  const role = `test_kit_${process.pid}`;
  await withAdmin(url, (client) => client.query(`create role ${role} login password 'secret'`));
  try {
    const asRole = new URL(url);
    asRole.username = role;
    asRole.password = "secret";
    await expect(createTestBench({ definitions, databaseUrl: asRole.href })).rejects.toMatchObject({
      code: "RT103",
      hint: expect.stringContaining("createdb"),
    });
  } finally {
    await withAdmin(url, (client) => client.query(`drop role ${role}`));
  }
});

test.each([
  ["nonsense", "RT110"],
  ["postgres://nobody@127.0.0.1:1/postgres", "RT101"],
])("%s is %s", async (databaseUrl, code) => {
  await expect(createTestBench({ definitions, databaseUrl })).rejects.toMatchObject({ code });
});
