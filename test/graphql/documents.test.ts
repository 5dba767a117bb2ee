import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import { LIMITS, DEFAULT_STATEMENT_TIMEOUT_MS } from "../../src/graphql/limits.ts";
import { installLine } from "../../src/http/graphqlPackages.ts";
import publishListing from "../../tasks/publish_listing.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import { useServer } from "./server.ts";
import { useStreams } from "./streams.ts";

const bench = useServer();
const subscribe = useStreams();
const PRODUCT = JSON.parse(
  '{"sku": "J-1", "title": "Jacket", "price": 79, "currency": "EUR", "images": ["a.png", "b.png", "c.png"]}',
) as { readonly images: unknown; readonly price: unknown };
let text: string;

beforeAll(async () => {
  text = await readFile(join(import.meta.dirname, "../../docs/graphql.md"), "utf8");
  await registerDefinitions(bench.sql.pool(), [definitionRow("publish_listing", publishListing)], true);
  await bench.sql.rows("select ratchet.add_job('publish_listing', $1)", [JSON.stringify(PRODUCT)]);
});

test("its example with curl and its example errors are what the server answers", async () => {
  const [, body = ""] = /--json '(?<body>[^']+)'/v.exec(text) ?? [];
  const response = await fetch(`${bench.server().url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(await response.json()).toStrictEqual({ data: { jobs: { nodes: [{ id: "1", status: "PENDING" }] } } });

  const examples = [...text.matchAll(/^```json\n(?<error>.*?)^```/gmsv)].map(
    ({ groups }) => JSON.parse(groups?.["error"] ?? "") as object,
  );
  const { images: _images, price: _price, ...rest } = PRODUCT;
  const rejected = await bench.ask("mutation ($input: AddJobInput!) { addJob(input: $input) { job { id } } }", {
    input: { identifier: "publish_listing", payload: { ...rest, images: "a.png" } },
  });
  const tooLarge = await bench.ask("{ jobs(first: 1000) { nodes { id } } }");
  expect([...rejected.errors, ...tooLarge.errors]).toMatchObject(examples);
});

test("every query of docs/graphql.md is answered by a server with the sample's job", async () => {
  const queries = [...text.matchAll(/^```graphql\n(?<query>.*?)^```/gmsv)].map(
    (found) => found.groups?.["query"] ?? "",
  );
  expect(queries.length).toBeGreaterThan(3);
  for (const query of queries.filter((each) => each.startsWith("subscription"))) {
    const { data, errors } = await subscribe<Record<string, unknown>>(bench.server(), query).until(() => true);
    expect({ query, errors }).toStrictEqual({ query, errors: undefined });
    expect(Object.values(data ?? {})).not.toContain(null);
  }
  for (const query of queries.filter((each) => !each.startsWith("subscription"))) {
    const { status, data, errors } = await bench.ask<Record<string, unknown>>(query);
    expect({ query, status, errors }).toStrictEqual({ query, status: 200, errors: [] });
    expect(Object.values(data)).not.toContain(null);
  }
});

test("its table of limits and its line for npm are the program's", () => {
  const limits = [
    ...(text
      .split("## Limits")[1]
      ?.split("\n## ")[0]
      ?.matchAll(/\| (?<limit>[\d,]+)(?: k?[Bs])? +\|$/gmv) ?? []),
  ];
  expect(limits.map(({ groups }) => Number(groups?.["limit"]?.replace(",", "")))).toStrictEqual([
    LIMITS.rowsOfList,
    LIMITS.depth,
    LIMITS.nestedLists,
    LIMITS.rootFields,
    LIMITS.fields,
    LIMITS.namesOfField,
    LIMITS.conditions,
    LIMITS.words,
    LIMITS.brackets,
    LIMITS.bodyBytes / 1000,
    LIMITS.requestsAtOnce,
    LIMITS.requestsOfCaller,
    DEFAULT_STATEMENT_TIMEOUT_MS / 1000,
  ]);
  expect(text).toContain(`\n${installLine()}\n`);
});
