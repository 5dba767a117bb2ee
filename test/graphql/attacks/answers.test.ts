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

test.each([
  "{ jobs { nodes { tasks { nodes { job { payload } } } } } }",
  "{ jobs { nodes { ...a } } } fragment a on Job { failures { nodes { ...b } } } fragment b on TaskFailure { job { id } }",
  "{ job(id: 1) { currentTask { failures { nodes { task { key } } } } } }",
])("rows inside themselves are refused: %s", async (query) => {
  const { status, errors } = await bench.askAs(OPERATOR, query);
  expect(status).toBe(400);
  expect(errors[0]?.extensions).toMatchObject({ code: "RT132" });
});

test("many names for one field are refused, in how many places they may stand", async () => {
  const names = (count: number): string => Array.from({ length: count }, (_, index) => `a${index}: payload`).join(" ");
  const { errors } = await bench.askAs(OPERATOR, `{ jobs(first: 1) { nodes { ${names(900)} } } }`);
  expect(errors[0]).toMatchObject({
    message: "The query has more than 3 names for Job.payload.",
    extensions: { code: "RT132" },
  });
  const spread = await bench.askAs(
    OPERATOR,
    "{ x: jobs { nodes { a: payload ...f } } y: jobs { nodes { b: payload c: payload } } } fragment f on Job { d: payload }",
  );
  expect(spread.errors[0]?.extensions).toMatchObject({ code: "RT132" });
  expect((await bench.askAs(OPERATOR, `{ jobs(first: 1) { nodes { ${names(3)} } } }`)).errors).toStrictEqual([]);
});
