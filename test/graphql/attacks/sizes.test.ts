import { describe, expect, test } from "vitest";

import { addSingle } from "../../sql/fixtures.ts";
import { TEST_TOKENS, useServer } from "../server.ts";
import { signToken } from "../authentication/tokens.ts";

const bench = useServer({ tokens: TEST_TOKENS });

const TOO_LARGE = [{ extensions: { code: "RT132" } }];

async function post(body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${bench.server().url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${await signToken()}` },
    body,
  });
  return { status: response.status, text: await response.text() };
}

const asks = (query: string, variables: Record<string, unknown> = {}) => bench.askAs({}, query, variables);

async function expectAlive(): Promise<void> {
  expect(await asks("{ __typename }")).toMatchObject({ status: 200, data: { __typename: "Query" } });
}

describe("a request is refused that is", () => {
  test("a megabyte long, told or not", async () => {
    const body = JSON.stringify({ query: `{ __typename } # ${"x".repeat(1_000_000)}` });
    expect(await post(body)).toMatchObject({ status: 413 });
    const chunked = await fetch(`${bench.server().url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await signToken()}` },
      body: new Blob([body]).stream(),
      duplex: "half",
    }).then(
      ({ status }) => status,
      // The server may have hung up while it was still sent.
      () => 413,
    );
    expect(chunked).toBe(413);
    await expectAlive();
  });

  test("a batch", async () => {
    const one = { query: "{ __typename }" };
    expect(await post(JSON.stringify(Array.from({ length: 1000 }, () => one)))).toMatchObject({ status: 400 });
  });

  test.each(["", "null", "7", "{", '{"query": 7}', '{"query": "{ __typename }", "variables": [1]}', "\u0000", "{}"])(
    "no request: %j",
    async (body) => {
      expect((await post(body)).status).toBe(400);
    },
  );
});

describe("a query is refused at once that has", () => {
  test.each<[string, string]>([
    ["10,000 aliases", `{ ${Array.from({ length: 10_000 }, (_, n) => `a${n.toString(36)}:a`).join(" ")} }`],
    ["30,000 times the same field", `{ job(id: 1) { ${"id ".repeat(30_000)}} }`],
    ["the same field with fields a thousand times", `{ ${"job(id: 1) { id status } ".repeat(1000)}}`],
    ["brackets inside brackets", `{ jobs(filter: ${"{ and: [".repeat(5000)}${"] }".repeat(5000)}) { totalCount } }`],
    ["fields inside fields without end", `{ job(id: 1) { ${"currentTask { job { ".repeat(3000)}`],
    ["10,000 directives", `{ __typename ${"@a ".repeat(10_000)}}`],
    [
      "10,000 variables",
      `query (${Array.from({ length: 10_000 }, (_, n) => `$v${n.toString(36)}:A`).join(" ")}) { __typename }`,
    ],
    [
      "3,000 fragments",
      `{ __typename } ${Array.from({ length: 3000 }, (_, n) => `fragment f${n} on Job { id }`).join(" ")}`,
    ],
  ])("%s", async (_what, query) => {
    const started = process.cpuUsage();
    expect((await asks(query)).errors).toMatchObject(TOO_LARGE);
    // A bound on the work and not on the time.
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });

  test("as many fields of one name as a query may have words, with bounded work", async () => {
    const started = process.cpuUsage();
    const { errors } = await asks(`{ job(id: 1) { ${"id ".repeat(3900)}} }`);
    expect(errors[0]?.message).toContain("fields altogether");
    expect(process.cpuUsage(started).user).toBeLessThan(4_000_000);
  });

  test("fragments in a circle", async () => {
    const { errors } = await asks(
      "{ job(id: 1) { ...a } } fragment a on Job { currentTask { ...b } } fragment b on Task { job { ...a } }",
    );
    expect(errors.map(({ message }) => message).join("\n")).toContain("Cannot spread fragment");
    const { errors: itself } = await asks("{ job(id: 1) { ...a } } fragment a on Job { ...a }");
    expect(itself[0]?.message).toContain("Cannot spread fragment");
  });
});

describe("filters with too many conditions are refused", () => {
  const branches = (count: number): object => ({
    or: Array.from({ length: count }, (_, n) => ({ id: { equalTo: String(n) } })),
  });

  test("in variables", async () => {
    const query = "query ($f: JobFilter) { jobs(filter: $f) { totalCount } }";
    expect((await asks(query, { f: branches(2500) })).errors).toMatchObject(TOO_LARGE);
    expect((await asks(query, { f: branches(100) })).errors).toStrictEqual([]);
  });

  test("in the query's text, in its fragments too", async () => {
    const list = Array.from({ length: 501 }, (_, n) => n).join(" ");
    expect((await asks(`{ jobs(filter: { id: { in: [${list}] } }) { totalCount } }`)).errors).toMatchObject(TOO_LARGE);
    const inside = `tasks(filter: { position: { in: [${Array.from({ length: 60 }, (_, n) => n).join(" ")}] } }) { totalCount }`;
    const aliases = Array.from({ length: 9 }, (_, n) => `j${n}: job(id: 1) { ...t }`).join(" ");
    expect((await asks(`{ ${aliases} } fragment t on Job { ${inside} }`)).errors).toMatchObject(TOO_LARGE);
  });

  test("in searches for a text, each of which counts for many", async () => {
    const searches = (count: number): object => ({
      or: Array.from({ length: count }, (_, n) => ({ search: `t${n}` })),
    });
    const query = "query ($f: JobFilter) { jobs(filter: $f) { totalCount } }";
    expect((await asks(query, { f: searches(20) })).errors).toMatchObject(TOO_LARGE);
    expect((await asks(query, { f: searches(3) })).errors).toStrictEqual([]);
    const text = Array.from({ length: 20 }, (_, n) => `{ search: "t${n}" }`).join(" ");
    expect((await asks(`{ jobs(filter: { or: [${text}] }) { totalCount } }`)).errors).toMatchObject(TOO_LARGE);
  });

  test("in one variable that is used often, in a part of a filter", async () => {
    const aliases = Array.from({ length: 20 }, (_, n) => `j${n}: jobs(filter: { id: { in: $ids } }) { totalCount }`);
    const query = `query ($ids: [BigInt!]) { ${aliases.join(" ")} }`;
    expect((await asks(query, { ids: Array.from({ length: 30 }, String) })).errors).toMatchObject(TOO_LARGE);
    expect((await asks(query, { ids: ["1", "2"] })).errors).toStrictEqual([]);
  });
});

test("variables nested without end do no harm", async () => {
  const deep = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;
  const query = "query ($f: JobFilter) { jobs(filter: $f) { totalCount } }";
  const { status } = await post(`{"query": ${JSON.stringify(query)}, "variables": {"f": ${deep}}}`);
  expect(status).toBeLessThan(500);
  await expectAlive();
});

test("names of JavaScript's own are nothing special", async () => {
  await addSingle(bench.sql);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const { errors } = await bench.askAs({}, "query ($f: JobFilter) { jobs(filter: $f) { totalCount } }", {
      f: JSON.parse(`{"${name}": {"equalTo": "1"}}`) as unknown,
    });
    expect(errors[0]?.message).toContain("is not defined by type");
  }
  expect(Reflect.get({}, "equalTo")).toBeUndefined();
});
