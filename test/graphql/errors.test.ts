import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { addSingle, readJob } from "../sql/fixtures.ts";
import { named } from "../support/schemas.ts";
import { type GraphqlAnswer, ask, useServer } from "./server.ts";

const bench = useServer();
let original: string;
let jobId: string;

beforeAll(async () => {
  original = await bench.sql.value("select pg_get_functiondef('ratchet.explain_job'::regproc)");
  jobId = (await addSingle(bench.sql)).id;
});

afterAll(() => explainBy(null));

/** Lets `explain_job`, which GraphQL calls for `explanation`, do something else; null: what it always does. */
async function explainBy(statements: string | null): Promise<void> {
  await bench.sql.rows(
    statements === null
      ? original
      : named(`create or replace function ratchet.explain_job(job_id bigint) returns text
                 language plpgsql volatile set search_path = '' as $$ begin ${statements} return 'done'; end $$`),
  );
}

function explain(server = bench.server()): Promise<GraphqlAnswer> {
  return ask(server, "query ($id: BigInt!) { job(id: $id) { explanation } }", { id: jobId });
}

describe("an error inside", () => {
  test("of Ratchet's own has its code, name and hint", async () => {
    await explainBy("raise exception using errcode = 'RT013', message = 'There is no job 7.', hint = 'Look.';");
    const { errors } = await explain();
    expect(errors).toMatchObject([
      {
        message: "There is no job 7.",
        path: ["job"],
        extensions: { code: "RT013", name: "unknown_job", hint: "Look.", retryable: false },
      },
    ]);
  });

  test("of another kind is hidden behind a reference that the log has; no query and no value is logged", async () => {
    await explainBy("raise exception 'secret of the operator';");
    const { errors } = await ask(
      bench.server(),
      'query ($id: BigInt!) { job(id: $id) { explanation } jobs(filter: { jobKey: { equalTo: "private value" } }) { totalCount } }',
      { id: jobId },
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]?.extensions).toMatchObject({ code: "RT134", name: "internal_error" });
    expect(JSON.stringify(errors)).not.toContain("secret");
    const reference = errors[0]?.extensions["reference"];
    expect(bench.logLines.filter((line) => line["reference"] === reference)).toMatchObject([
      { msg: "a GraphQL request failed", path: "job", code: "P0001", errorMessage: "secret of the operator" },
    ]);
    expect(JSON.stringify(bench.logLines)).not.toMatch(/private value|totalCount/v);
  });

  test("is a statement that takes too long: it is stopped, and the server goes on", async () => {
    const impatient = await bench.start({ statementTimeoutMs: 50 });
    await explainBy("perform pg_catalog.pg_sleep(60);");
    expect((await explain(impatient)).errors).toMatchObject([
      { message: "Postgres took too long over the query and stopped.", extensions: { code: "RT133" } },
    ]);
    await explainBy(null);
    expect((await explain(impatient)).errors).toStrictEqual([]);
  });
});

test("Postgres itself refuses to write, whatever a function tries", async () => {
  await explainBy("update ratchet.jobs set priority = 7;");
  const { errors } = await explain();
  expect(errors).toMatchObject([{ extensions: { code: "RT134" } }]);
  expect(bench.logLines.at(-2)).toMatchObject({ code: "25006" });
  expect((await readJob(bench.sql, jobId)).priority).toBe(0);
});

describe("what is wrong with a query is said plainly", () => {
  test.each([
    ["a value that is no number", '{ job(id: "abc") { id } }', "A BigInt is a whole number"],
    ["a number that is too long", '{ job(id: "9999999999999999999") { id } }', "out of range for type bigint"],
    [
      "a status that does not exist",
      "{ jobs(filter: { status: { equalTo: DONE } }) { totalCount } }",
      '"DONE" does not exist',
    ],
    [
      "a time that is none",
      '{ jobs(filter: { createdAt: { lessThan: "soon" } }) { totalCount } }',
      "timestamp with time zone",
    ],
    ["null in a filter", "{ jobs(filter: { status: null }) { totalCount } }", "A filter holds null"],
    ["a field that does not exist", "{ job(id: 1) { fence } }", 'Cannot query field "fence" on type "Job"'],
    ["a subscription by a request", "subscription { jobChanged(id: 1) { id } }", "it goes over a websocket"],
    [
      "a mutation without what it needs",
      "mutation { cancelJob(input: {}) { job { id } } }",
      'jobId" of required type "BigInt!"',
    ],
    ["a cursor of its own making", '{ jobs(after: "x") { totalCount nodes { id } } }', "Invalid cursor"],
    ["a text that is no query", "{", "Syntax Error"],
    ["two operations and no name", "query a { __typename } query b { __typename }", "Must provide operation name"],
  ])("%s", async (_what, query, message) => {
    const { errors } = await bench.ask(query);
    expect(errors.map((error) => error.message).join("\n")).toContain(message);
    expect(errors.map(({ extensions }) => extensions["code"])).not.toContain("RT134");
  });

  test("a filter without a condition is none", async () => {
    expect(await bench.ask("{ jobs(filter: {}) { totalCount } }")).toMatchObject({ data: { jobs: { totalCount: 1 } } });
  });
});

describe("limits", () => {
  const TOO_LARGE = [{ extensions: { code: "RT132", name: "query_too_large" } }];

  test.each([
    ["written out", "{ jobs(first: 101) { nodes { id } } }", {}],
    ["from the end", "{ jobs(last: 101) { nodes { id } } }", {}],
    ["in a variable", "query ($n: Int) { jobs(first: $n) { nodes { id } } }", { n: 1000 }],
    ["as a variable's default", "query ($n: Int = 1000) { jobs(first: $n) { nodes { id } } }", {}],
    ["inside", "{ jobs { nodes { tasks(first: 101) { nodes { key } } } } }", {}],
    ["of a count below 0", "{ jobs(first: -1) { nodes { id } } }", {}],
  ])("a page over 100 rows is refused: %s", async (_what, query, variables) => {
    expect((await bench.ask(query, variables)).errors).toMatchObject(TOO_LARGE);
  });

  test("a list has 100 rows if nobody says how many", async () => {
    await bench.sql.rows(
      'select from ratchet.add_jobs((select jsonb_agg(\'{"identifier": "single"}\'::jsonb) from generate_series(1, 120)))',
    );
    const { data } = await bench.ask<{ jobs: { nodes: unknown[]; pageInfo: { hasNextPage: boolean } } }>(
      "{ jobs { nodes { id } pageInfo { hasNextPage } } }",
    );
    expect(data.jobs.nodes).toHaveLength(100);
    expect(data.jobs.pageInfo.hasNextPage).toBe(true);
  });

  const statuses = (count: number): string => Array.from({ length: count }, (_, n) => `f${n}: status`).join(" ");
  const nested = (depth: number): string => (depth === 0 ? "id" : `job { tasks { nodes { ${nested(depth - 1)} } } }`);

  const jobs = (count: number, alias: string): string =>
    Array.from({ length: count }, (_, n) => `${alias}${n}: job(id: ${n}) { id }`).join(" ");

  test.each([
    ["lists inside lists", `{ tasks { nodes { ${nested(3).replace(/ id /v, " key ")} } } }`],
    [
      "fields inside fields",
      `{ task(jobId: 1, position: 1) { ${"job { currentTask { ".repeat(6)} key ${"} }".repeat(6)} } }`,
    ],
    ["fields at the top", `{ ${jobs(21, "j")} }`],
    [
      "fields at the top, of introspection",
      `{ ${Array.from({ length: 21 }, (_, n) => `s${n}: __schema { queryType { name } }`).join(" ")} }`,
    ],
    [
      "fields at the top, in fragments",
      `{ ...a ... on Query { ${jobs(11, "k")} } } fragment a on Query { ... { ${jobs(10, "l")} } }`,
    ],
    [
      "fields altogether",
      `{ ${Array.from({ length: 11 }, (_, n) => `j${n}: job(id: 1) { ${statuses(91)} }`).join(" ")} }`,
    ],
    [
      "lists inside lists, in fragments",
      `{ jobs { nodes { ...a } } }
       fragment a on Job { tasks { nodes { job { ...b } } } }
       fragment b on Job { tasks { nodes { ... on Task { job { tasks { nodes { key } } } } } } }`,
    ],
  ])("a query with too many %s is refused", async (what, query) => {
    const { errors } = await bench.ask(query);
    expect(errors.slice(0, 1)).toMatchObject(TOO_LARGE);
    expect(errors[0]?.message).toContain(what.split(",", 1)[0]);
  });

  test("fragments that spread one another in great numbers, or themselves, are measured at once", async () => {
    const fragments = Array.from({ length: 40 }, (_, n) => `fragment f${n} on Job { ...f${n + 1} ...f${n + 1} }`);
    const many = await bench.ask(`{ job(id: 1) { ...f0 } } ${fragments.join(" ")} fragment f40 on Job { id }`);
    expect(many.errors).toMatchObject(TOO_LARGE);
    expect(many.errors[0]?.message).toContain("fields altogether");
    const endless = await bench.ask("{ job(id: 1) { ...a } } fragment a on Job { currentTask { job { ...a } } }");
    expect(endless.errors.map(({ message }) => message).join("\n")).toContain("Cannot spread fragment");
  });
});
