import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exportSPKI, generateKeyPair } from "jose";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { TokenOptions } from "../../../src/config/tokenOptions.ts";
import { createTokenVerifier } from "../../../src/graphql/authentication/tokenVerifier.ts";
import { TEST_SECRET, type TokenClaims, inSeconds, signToken, unsignedToken } from "./tokens.ts";

const log = pino({ level: "silent" });
const OPTIONS: TokenOptions = {
  key: { kind: "secret", secret: TEST_SECRET },
  audience: null,
  issuer: null,
  roleClaim: "ratchet_role",
  tenantClaim: "ratchet_tenant",
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ratchet-keys-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function verify(token: string, options: Partial<TokenOptions> = {}) {
  const verifier = await createTokenVerifier({ ...OPTIONS, ...options }, log);
  return verifier(token);
}

async function keyFile(text: string): Promise<TokenOptions["key"]> {
  const path = join(folder, `${String(Math.random())}.pem`);
  await writeFile(path, text);
  return { kind: "file", path };
}

const refused = (reason: string): object => ({ code: "RT153", message: expect.stringContaining(reason) });

describe("a token counts", () => {
  test("and says who asks", async () => {
    const exp = inSeconds(60);
    expect(await verify(await signToken({ exp, ratchet_role: "operator" }))).toStrictEqual({
      role: "operator",
      tenant: "A",
      subject: "ann",
      expiresAtMs: (exp + 30) * 1000,
    });
    const admin = await verify(await signToken({ ratchet_role: "admin", ratchet_tenant: undefined }));
    expect(admin).toMatchObject({ role: "admin", tenant: null });
  });

  test("while the clocks differ by less than 30 s", async () => {
    const token = await signToken({ exp: inSeconds(-20), nbf: inSeconds(20) });
    expect(await verify(token)).toMatchObject({ subject: "ann" });
  });

  test("with other names of the claims", async () => {
    const token = await signToken({ "https://shop.example/role": "viewer", org: "B" });
    expect(await verify(token, { roleClaim: "https://shop.example/role", tenantClaim: "org" })).toMatchObject({
      tenant: "B",
    });
  });

  test("for one of several audiences, by the wanted issuer", async () => {
    const token = await signToken({ aud: ["shop", "ratchet"], iss: "https://id.example/" });
    expect(await verify(token, { audience: "ratchet", issuer: "https://id.example/" })).toMatchObject({
      subject: "ann",
    });
  });

  test.each(["RS256", "ES256"])("by the public key of a file: %s", async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = await keyFile(await exportSPKI(publicKey));
    expect(await verify(await signToken({}, { key: privateKey, alg }), { key })).toMatchObject({ tenant: "A" });
    await expect(verify(await signToken(), { key })).rejects.toMatchObject(refused(`signed with ${alg}`));
  });
});

describe("a token does not count", () => {
  test.each<[string, TokenClaims, string]>([
    ["that has expired", { exp: inSeconds(-31) }, "expired"],
    ["that never expires", { exp: undefined }, "claim exp is missing"],
    ["whose time has not come", { nbf: inSeconds(60) }, "not come yet"],
    ["of nobody", { sub: undefined }, "claim sub is missing"],
    ["of a subject of no letters", { sub: "" }, "claim sub is no text"],
    ["of a subject with a zero character", { sub: "a\0b" }, "claim sub is no text"],
    ["without a role", { ratchet_role: undefined }, "claim ratchet_role is none of"],
    ["with the role of a superuser", { ratchet_role: "postgres" }, "claim ratchet_role is none of"],
    ["with a list of roles", { ratchet_role: ["admin"] }, "claim ratchet_role is none of"],
    ["with a role's prototype", { ratchet_role: "constructor" }, "claim ratchet_role is none of"],
    ["of a viewer without a tenant", { ratchet_tenant: undefined }, "claim ratchet_tenant is no text"],
    ["of an empty tenant", { ratchet_tenant: "" }, "claim ratchet_tenant is no text"],
    ["of many tenants", { ratchet_tenant: ["A", "B"] }, "claim ratchet_tenant is no text"],
    ["of an admin with no text for a tenant", { ratchet_role: "admin", ratchet_tenant: 7 }, "ratchet_tenant"],
    ["of a tenant with a line break", { ratchet_tenant: "A\nB" }, "claim ratchet_tenant is no text"],
    ["of a tenant that is too long", { ratchet_tenant: "A".repeat(129) }, "claim ratchet_tenant is no text"],
  ])("%s", async (_what, claims, reason) => {
    await expect(verify(await signToken(claims))).rejects.toMatchObject(refused(reason));
  });

  test("for another audience or none, by another issuer or none", async () => {
    for (const [claims, options] of [
      [{ aud: "shop" }, { audience: "ratchet" }],
      [{}, { audience: "ratchet" }],
      [{ iss: "https://evil.example/" }, { issuer: "https://id.example/" }],
      [{}, { issuer: "https://id.example/" }],
    ] as const) {
      await expect(verify(await signToken(claims), options)).rejects.toMatchObject({ code: "RT153" });
    }
  });

  test("without a signature, or with alg none written over one", async () => {
    await expect(verify(unsignedToken())).rejects.toMatchObject(refused("must be signed with HS256"));
    const [, payload = "", signature = ""] = (await signToken()).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    await expect(verify(`${none}.${payload}.${signature}`)).rejects.toMatchObject({ code: "RT153" });
  });

  test("with another's payload under a good signature", async () => {
    const [header = "", , signature = ""] = (await signToken()).split(".");
    const payload = Buffer.from(JSON.stringify({ sub: "eve", exp: inSeconds(60), ratchet_role: "admin" }));
    await expect(verify(`${header}.${payload.toString("base64url")}.${signature}`)).rejects.toMatchObject(
      refused("signature"),
    );
  });

  test("by another secret, or with another algorithm by the same", async () => {
    const key = new TextEncoder().encode("another secret of 32 bytes or more, too");
    await expect(verify(await signToken({}, { key }))).rejects.toMatchObject(refused("signature"));
    const longer = new TextEncoder().encode(TEST_SECRET.repeat(2));
    const hs512 = await signToken({}, { key: longer, alg: "HS512" });
    await expect(verify(hs512, { key: { kind: "secret", secret: TEST_SECRET.repeat(2) } })).rejects.toMatchObject(
      refused("must be signed with HS256"),
    );
  });

  test("that takes the public key for a secret", async () => {
    const { publicKey } = await generateKeyPair("RS256", { extractable: true });
    const pem = await exportSPKI(publicKey);
    const forged = await signToken({ ratchet_role: "admin" }, { key: new TextEncoder().encode(pem) });
    await expect(verify(forged, { key: await keyFile(pem) })).rejects.toMatchObject(refused("signed with RS256"));
  });

  test.each(["", "a", "a.b.c", "..", "e30.e30.", `${"a".repeat(5000)}.b.c`])("that is none: %j", async (token) => {
    await expect(verify(token)).rejects.toMatchObject({ code: "RT153" });
  });

  test("and the error says nothing of its content", async () => {
    const token = await signToken({ sub: "private-name", exp: inSeconds(-100) });
    const error: unknown = await verify(token).catch((cause: unknown) => cause);
    expect(JSON.stringify([String(error), error, (error as Error).cause])).not.toMatch(/private-name|eyJ/v);
  });
});

describe("a key file is refused", () => {
  test.each([
    ["with a private key", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "private key"],
    ["with a short key", generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey, "at least 2048 bits"],
    ["of another curve", generateKeyPairSync("ec", { namedCurve: "secp384r1" }).publicKey, "curve P-256"],
    ["of another kind", generateKeyPairSync("ed25519").publicKey, "at least 2048 bits"],
  ])("%s", async (_what, key, reason) => {
    const type = key.type === "private" ? "pkcs8" : "spki";
    const file = await keyFile(key.export({ type, format: "pem" }));
    await expect(verify("", { key: file })).rejects.toMatchObject({
      code: "RT110",
      message: expect.stringContaining(reason),
    });
  });

  test("with no key, or that is not there", async () => {
    await expect(verify("", { key: await keyFile("no key") })).rejects.toMatchObject({ code: "RT110" });
    await expect(verify("", { key: { kind: "file", path: join(folder, "none.pem") } })).rejects.toMatchObject({
      code: "RT110",
      message: expect.stringContaining("cannot be read"),
    });
  });
});
