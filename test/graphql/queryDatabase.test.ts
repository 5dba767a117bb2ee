import { expect, test } from "vitest";

import { addSingle, readJob } from "../sql/fixtures.ts";
import { hasPgBouncer, startPooler } from "./pooler.ts";
import { TEST_TOKENS, useServer } from "./server.ts";

const bench = useServer({ tokens: TEST_TOKENS });

const READ = "query ($id: BigInt!) { job(id: $id) { id tenant } }";

async function addForA(): Promise<string> {
  return bench.sql.value("select (ratchet.add_job('single', '{}', tenant => 'A')).id::text");
}

test("queries go to the query database, mutations do not", async () => {
  await addSingle(bench.sql);
  const id = await addForA();
  const url = new URL(bench.sql.url());
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  url.searchParams.set("application_name", "a replica");
  const server = await bench.start({ queryConnectionString: url.href });
  await server.ready;
  const operator = { ratchet_role: "operator" };
  expect(await bench.askAs(operator, READ, { id }, server)).toMatchObject({ data: { job: { id } }, errors: [] });
  const cancel = "mutation ($id: BigInt!) { cancelJob(input: { jobId: $id }) { job { status } } }";
  expect((await bench.askAs(operator, cancel, { id }, server)).errors).toStrictEqual([]);
  expect((await readJob(bench.sql, id)).status).toBe("CANCELLED");
  const sessions = await bench.sql.value(
    "select count(*) > 0 from pg_stat_activity where application_name = 'a replica'",
  );
  expect(sessions).toBe(true);
});

test.runIf(hasPgBouncer)(
  "queries go through PgBouncer, each with its own caller, two hundred in one session",
  async () => {
    const pooler = await startPooler(bench.sql.url());
    try {
      const id = await addForA();
      const server = await bench.start({ queryConnectionString: pooler.url });
      await server.ready;
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          bench.askAs({ ratchet_tenant: n % 2 === 0 ? "A" : "B" }, READ, { id }, server),
        ),
      );
      expect(answers.filter(({ errors }) => errors.length > 0)).toStrictEqual([]);
      const seen = answers.map(({ data }) => (data as { job: unknown }).job !== null);
      expect(seen).toStrictEqual(Array.from({ length: 200 }, (_, n) => n % 2 === 0));
    } finally {
      await pooler.stop();
    }
  },
);
