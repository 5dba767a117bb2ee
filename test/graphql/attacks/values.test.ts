import { beforeAll, expect, test } from "vitest";

import { TEST_TOKENS, useServer } from "../server.ts";

const bench = useServer({ tokens: TEST_TOKENS });
const OPERATOR = { ratchet_role: "operator" };
let cursor: readonly unknown[];

beforeAll(async () => {
  await bench.sql.rows("select ratchet.add_job('single', '{}', tenant => 'A')");
  const { data } = await bench.askAs<{ jobs: { edges: { cursor: string }[] } }>(
    OPERATOR,
    "{ jobs { edges { cursor } } }",
  );
  cursor = JSON.parse(Buffer.from(data.jobs.edges[0]?.cursor ?? "", "base64").toString()) as unknown[];
});

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

test.each([["x"], [null], [{}], [[]], ["1; drop"], ["99999999999999999999"], ["\0"], [1e308]])(
  "cursors and node ids with %j are no row, or an error that says so",
  async (value) => {
    const { status, errors } = await bench.askAs(
      OPERATOR,
      "query ($after: Cursor, $nodeId: ID!) { jobs(after: $after) { nodes { id } } node(nodeId: $nodeId) { nodeId } }",
      { after: base64([...cursor.slice(0, -1), value]), nodeId: base64(["Job", value]) },
    );
    expect(status).toBe(200);
    expect(errors.map(({ extensions }) => extensions["code"])).toStrictEqual(errors.map(() => "RT006"));
  },
);

test.each([[{ a: "\uD800" }], [{ a: "\0" }], [{ "\uD800": 1 }]])(
  "a payload that Postgres cannot hold is refused as such: %j",
  async (payload) => {
    const { errors } = await bench.askAs(
      OPERATOR,
      `mutation ($payload: JSON) { addJob(input: { identifier: "single", payload: $payload }) { job { id } } }`,
      { payload },
    );
    expect(errors).toMatchObject([{ extensions: { code: "RT006" } }]);
  },
);

test("prototypes in a payload are fields like others", async () => {
  const { data, errors } = await bench.askAs(
    OPERATOR,
    `mutation { addJob(input: { identifier: "single", payload: { __proto__: { x: 1 }, constructor: { prototype: { y: 1 } } } }) { job { payload } } }`,
  );
  expect(errors).toStrictEqual([]);
  expect(JSON.stringify(data)).toContain('"__proto__":{"x":1}');
  expect({}).not.toHaveProperty("x");
  expect({}).not.toHaveProperty("y");
});

test.each([["\uD800"], ["\0"], ["x".repeat(1001)]])(
  "a text to search for that Postgres cannot take is refused: %j",
  async (search) => {
    const { errors } = await bench.askAs(
      OPERATOR,
      "query ($search: String) { jobs(filter: { search: $search }) { totalCount } }",
      {
        search,
      },
    );
    expect(errors).toMatchObject(errors.map(() => ({ extensions: { code: "RT006" } })));
  },
);

test.each([
  [{ identifier: { equalTo: "\0" } }],
  [{ tenant: { equalTo: "\uD800" } }],
  [{ createdAt: { lessThan: "soon" } }],
  [{ createdAt: { greaterThan: "infinity" }, finishedAt: { lessThan: "-infinity" } }],
])("nor does what stands beside it tell more: %j", async (beside) => {
  const { errors } = await bench.askAs(
    OPERATOR,
    "query ($filter: JobFilter!) { jobs(filter: $filter) { totalCount } }",
    {
      filter: { search: "x", ...beside },
    },
  );
  expect(errors.map(({ extensions }) => extensions["code"])).toStrictEqual(errors.map(() => "RT006"));
});
