import { beforeAll, expect, test } from "vitest";

import { TEST_TOKENS, useServer } from "../server.ts";

const bench = useServer({ tokens: TEST_TOKENS });
const OPERATOR = { ratchet_role: "operator" };

beforeAll(async () => {
  // 6 MB each: ten of them are more than an answer may have.
  await bench.sql.rows(
    `select ratchet.add_job('single', jsonb_build_object('text', repeat('x', 6000000)), tenant => 'A') from generate_series(1, 10)`,
  );
});

test("an answer that would fill the memory is given up while it comes, and the server goes on", async () => {
  const { errors } = await bench.askAs(OPERATOR, "{ jobs(first: 10) { nodes { payload } } }");
  expect(errors).toMatchObject([{ path: ["jobs"], extensions: { code: "RT132" } }]);
  const { data } = await bench.askAs<{ jobs: { nodes: readonly unknown[] } }>(
    OPERATOR,
    "{ jobs(first: 2) { nodes { payload } } }",
  );
  expect(data.jobs.nodes).toHaveLength(2);
});
