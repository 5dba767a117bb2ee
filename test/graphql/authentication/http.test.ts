import { describe, expect, test } from "vitest";

import type { RunningServer } from "../../../src/http/startServer.ts";
import { TEST_TOKENS, useServer } from "../server.ts";
import { inSeconds, signToken, unsignedToken } from "./tokens.ts";

const bench = useServer({ tokens: TEST_TOKENS });

async function ask(authorization?: string, server: RunningServer = bench.server()) {
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe("a request for GraphQL", () => {
  test("with a token is answered", async () => {
    for (const scheme of ["Bearer", "bearer", "Bearer  "]) {
      expect(await ask(`${scheme} ${await signToken()}`)).toMatchObject({
        status: 200,
        body: { data: { __typename: "Query" } },
      });
    }
  });

  test("without one is answered 401, and with what to do", async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe('Bearer realm="ratchet"');
    expect(body).toMatchObject({
      errors: [
        {
          message: expect.stringContaining("has no token"),
          extensions: {
            code: "RT153",
            name: "unauthenticated",
            hint: expect.stringContaining("Authorization: Bearer"),
          },
        },
      ],
    });
  });

  test("with a wrong one is answered 401, and why", async () => {
    const { status, headers, body } = await ask(`Bearer ${await signToken({ exp: inSeconds(-60) })}`);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(body).toMatchObject({ errors: [{ message: "The token does not count: it has expired." }] });
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    "Basic YW5uOmFubg==",
    "Bearer a b",
    `Bearer ${"a".repeat(9000)}`,
    `Bearer ${unsignedToken({ ratchet_role: "admin" })}`,
  ])("with no real token is answered 401: %.40s", async (authorization) => {
    expect((await ask(authorization)).status).toBe(401);
  });

  test("is not let in by a token elsewhere", async () => {
    const token = await signToken();
    const response = await fetch(`${bench.server().url}/graphql?access_token=${token}`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: `authorization=Bearer ${token}` },
      body: JSON.stringify({ query: "{ __typename }", extensions: { authorization: `Bearer ${token}` } }),
    });
    expect(response.status).toBe(401);
  });

  test("leaves no token in the log", async () => {
    await ask(`Bearer ${await signToken({ exp: inSeconds(-60), sub: "private-name" })}`);
    await ask(`Bearer ${await signToken({ sub: "private-name" })}`);
    expect(JSON.stringify(bench.logLines)).not.toMatch(/eyJ|private-name/v);
  });
});

describe("with tokens a server", () => {
  test("may listen anywhere, for any host, and shows neither Ruru nor its schema", async () => {
    const server = await bench.start({ host: "0.0.0.0" });
    await server.ready;
    expect((await fetch(`${server.url}/ruru`)).status).toBe(404);
    expect(await (await fetch(server.url)).text()).not.toContain("/ruru");
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const { errors } = await bench.askAs({}, "{ __schema { queryType { name } } }");
    expect(errors).toMatchObject([{ message: "This server does not answer questions about its schema." }]);
  });

  test("shows both where that is wanted", async () => {
    const server = await bench.start({ explore: true });
    await server.ready;
    expect((await fetch(`${server.url}/ruru`)).status).toBe(200);
    const { errors } = await bench.askAs({}, "{ __schema { queryType { name } } }", {}, server);
    expect(errors).toStrictEqual([]);
  });
});
