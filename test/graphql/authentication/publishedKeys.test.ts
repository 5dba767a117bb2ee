import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type CryptoKey as Key, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { createPublishedKeys } from "../../../src/graphql/authentication/publishedKeys.ts";
import { waitUntil } from "../../support/waiting.ts";
import { signToken } from "./tokens.ts";

const log = pino({ level: "silent" });
const MINUTE_MS = 60_000;

/** What the issuer answers; null: an error. */
let published: object[] | null = [];
let fetches = 0;
let nowMs = 0;
const issuer = createServer((_request, response) => {
  fetches += 1;
  response.writeHead(published === null ? 500 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify({ keys: published }));
});
let url = "";
let old: { publicKey: Key; privateKey: Key };
let fresh: { publicKey: Key; privateKey: Key };

async function jwk(key: Key, kid: string): Promise<object> {
  return { ...(await exportJWK(key)), kid, alg: "ES256" };
}

beforeAll(async () => {
  old = await generateKeyPair("ES256", { extractable: true });
  fresh = await generateKeyPair("ES256", { extractable: true });
  await new Promise<void>((resolve) => {
    issuer.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
});

beforeEach(async () => {
  published = [await jwk(old.publicKey, "old")];
  fetches = 0;
  nowMs = 0;
});

afterAll(() => {
  issuer.closeAllConnections();
  issuer.close();
});

function createCheck(): (kid: "old" | "new" | "made-up") => Promise<boolean> {
  const keys = createPublishedKeys({ url, log, now: () => nowMs });
  return async (kid) => {
    const key = kid === "old" ? old.privateKey : fresh.privateKey;
    const token = await signToken({}, { key, alg: "ES256", kid });
    await jwtVerify(token, keys, { algorithms: ["RS256", "ES256"] });
    return true;
  };
}

test("keys are fetched once, for tokens at the same time too", async () => {
  const check = createCheck();
  expect(await Promise.all([check("old"), check("old"), check("old")])).toStrictEqual([true, true, true]);
  expect(await check("old")).toBe(true);
  expect(fetches).toBe(1);
});

test("a key that is new counts at once, one that was taken back from the next renewal on", async () => {
  const check = createCheck();
  await check("old");
  published = [await jwk(fresh.publicKey, "new")];
  nowMs += MINUTE_MS;
  expect(await check("new")).toBe(true);
  await expect(check("old")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
});

test("tokens with made-up keys cause one fetch in 30 s", async () => {
  const check = createCheck();
  await check("old");
  for (let count = 0; count < 20; count++) {
    await expect(check("made-up")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  }
  expect(fetches).toBe(1);
  nowMs += 31_000;
  await expect(check("made-up")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  await expect(check("made-up")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  expect(fetches).toBe(2);
});

test("while the issuer is away the known keys count on, for a day", async () => {
  const check = createCheck();
  await check("old");
  published = null;
  nowMs += 11 * MINUTE_MS;
  expect(await check("old")).toBe(true);
  await waitUntil(() => fetches === 2, { what: "the renewal that fails" });
  nowMs += 25 * 60 * MINUTE_MS;
  await expect(check("old")).rejects.toMatchObject({ code: "RT155" });
});

test("an issuer that cannot be reached at the start is told, asked again after a second, and forgiven", async () => {
  published = null;
  const check = createCheck();
  await expect(check("old")).rejects.toMatchObject({ code: "RT155", retryable: true });
  await expect(check("old")).rejects.toMatchObject({ code: "RT155" });
  expect(fetches).toBe(1);
  published = [await jwk(old.publicKey, "old")];
  nowMs += 1001;
  expect(await check("old")).toBe(true);
});
