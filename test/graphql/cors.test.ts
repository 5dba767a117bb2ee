import { expect, test } from "vitest";

import { signToken } from "./authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "./server.ts";

const APP = "https://app.example";
const bench = useServer({ tokens: TEST_TOKENS, corsOrigins: [APP] });

async function send(method: string, origin: string): Promise<Response> {
  return fetch(`${bench.server().url}/graphql`, {
    method,
    headers: { origin, "content-type": "application/json", authorization: `Bearer ${await signToken()}` },
    ...(method === "POST" ? { body: JSON.stringify({ query: "{ __typename }" }) } : {}),
  });
}

test("a page of a site on the list may ask, after its browser has asked whether it may", async () => {
  const preflight = await send("OPTIONS", APP);
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe(APP);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
  expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
  const answer = await send("POST", APP);
  expect(await answer.json()).toStrictEqual({ data: { __typename: "Query" } });
  expect(answer.headers.get("access-control-allow-origin")).toBe(APP);
  expect(answer.headers.get("vary")).toContain("Origin");
});

test.each(["https://evil.example", "null", `${APP}.evil.example`, "http://app.example", `${APP}:8443`])(
  "a page of %s may not",
  async (origin) => {
    for (const method of ["OPTIONS", "POST"]) {
      const answer = await send(method, origin);
      expect(answer.status).toBe(403);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
  },
);

test("a page of this server may, which no browser asks about", async () => {
  expect((await send("POST", bench.server().url)).status).toBe(200);
});

test("other sites cannot be let in without tokens", async () => {
  await expect(bench.start({ tokens: undefined })).rejects.toMatchObject({ code: "RT110" });
  const server = await bench.start({ tokens: undefined, corsOrigins: ["http://localhost:3000"] });
  await server.ready;
});

test("answers cannot be framed, sniffed or kept", async () => {
  const { headers } = await send("POST", APP);
  expect(Object.fromEntries(headers)).toMatchObject({
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
});
