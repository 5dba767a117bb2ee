import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Marketplace, startMarketplace } from "../../examples/marketplace.ts";

let folder: string;
let marketplace: Marketplace;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "marketplace-"));
  marketplace = await startMarketplace({ folder });
});

afterEach(async () => {
  await marketplace.close();
  await rm(folder, { recursive: true, force: true });
});

const front = new URL("../../examples/products/jacket-front.png", import.meta.url);

async function upload(number: number, key: string, body?: Buffer<ArrayBuffer>) {
  return fetch(`${marketplace.url}/listings/JKT-1/images/${number}`, {
    method: "PUT",
    headers: { "Content-Type": "image/png", "Idempotency-Key": key },
    body: body ?? (await readFile(front)),
  });
}

function list(imageIds: readonly string[], key: string) {
  return fetch(`${marketplace.url}/listings`, {
    method: "POST",
    headers: { "Idempotency-Key": key },
    body: JSON.stringify({ sku: "JKT-1", title: "Jacket", price: 129.9, currency: "EUR", imageIds }),
  });
}

describe("an upload", () => {
  test("is answered with id, size and hash, and can be read back byte by byte", async () => {
    const response = await upload(1, "a");
    expect(response.status).toBe(201);
    const answer = (await response.json()) as { imageId: string };
    const bytes = await readFile(front);
    expect(answer).toMatchObject({ imageId: expect.stringMatching(/^img-/v), bytes: bytes.length });
    const back = await fetch(`${marketplace.url}/images/${answer.imageId}`);
    expect(back.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("with the same key again gets the same answer and stores nothing", async () => {
    const first = await (await upload(1, "a")).json();
    const again = await upload(1, "a");
    expect(again.status).toBe(200);
    expect(await again.json()).toStrictEqual(first);
    expect(await (await fetch(marketplace.url)).text()).toContain("1 images received");
  });

  test("with the same key but other bytes is refused", async () => {
    await upload(1, "a");
    expect((await upload(1, "a", Buffer.from("other"))).status).toBe(422);
  });

  test("of image 2 is reset once per key, also after the marketplace was started again", async () => {
    const failure = await upload(2, "b").catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: "fetch failed", cause: { code: "ECONNRESET" } });
    await marketplace.close();
    marketplace = await startMarketplace({ folder });
    expect((await upload(2, "b")).status).toBe(201);
    await expect(upload(2, "c")).rejects.toThrow("fetch failed");
    const record = (await readFile(join(folder, "record.jsonl"), "utf8")).trimEnd().split("\n");
    expect(record.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { key: "b", outcome: "dropped" },
      { key: "b", outcome: "stored" },
      { key: "c", outcome: "dropped" },
    ]);
  });

  test("without a key or without bytes is refused with a reason", async () => {
    const noKey = await fetch(`${marketplace.url}/listings/JKT-1/images/1`, { method: "PUT", body: "x" });
    expect([noKey.status, await noKey.text()]).toStrictEqual([400, expect.stringContaining("Idempotency-Key")]);
    expect((await upload(1, "a", Buffer.alloc(0))).status).toBe(400);
  });
});

describe("a listing", () => {
  test("is published when its images are there, once per key, and kept over a restart", async () => {
    const { imageId } = (await (await upload(1, "a")).json()) as { imageId: string };
    const response = await list([imageId], "l");
    expect(response.status).toBe(201);
    const published = (await response.json()) as { listingId: string; url: string };
    expect((await list([imageId], "l")).status).toBe(200);
    expect(await (await fetch(published.url)).json()).toMatchObject({ title: "Jacket", imageIds: [imageId] });
    await marketplace.close();
    marketplace = await startMarketplace({ folder });
    expect(await (await fetch(`${marketplace.url}/listings`)).json()).toMatchObject([
      { listingId: published.listingId },
    ]);
  });

  test("with an image that never came is refused and names it", async () => {
    const response = await list(["img-00"], "l");
    expect([response.status, await response.text()]).toStrictEqual([422, expect.stringContaining("img-00")]);
  });
});

test("an unknown path is a 404 that says where to look", async () => {
  const response = await fetch(`${marketplace.url}/nothing`);
  expect([response.status, await response.text()]).toStrictEqual([404, expect.stringContaining("GET /")]);
});

test("a taken port is RT104 and names the port", async () => {
  await expect(startMarketplace({ folder, port: marketplace.port })).rejects.toMatchObject({
    code: "RT104",
    message: expect.stringContaining(String(marketplace.port)),
  });
});

test("a folder that cannot be made is RT105 and names it", async () => {
  const file = join(folder, "a-file");
  await writeFile(file, "");
  await expect(startMarketplace({ folder: file })).rejects.toMatchObject({
    code: "RT105",
    message: expect.stringContaining(file),
  });
});
