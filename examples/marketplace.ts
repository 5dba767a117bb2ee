import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import { RatchetError } from "../src/errors/ratchetError.ts";
import { createMarketplaceStore, type MarketplaceStore } from "./marketplaceStore.ts";

/** A running marketplace. */
export interface Marketplace {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends open connections and frees the port; safe to call twice. */
  close(): Promise<void>;
}

/** Options of {@link startMarketplace}. */
export interface MarketplaceOptions {
  /** What the marketplace is sent is kept here; made if it does not exist. */
  readonly folder: string;
  /** TCP port on 127.0.0.1. Default: any free one. */
  readonly port?: number | undefined;
}

const MAX_BODY_BYTES = 20 * 1024 * 1024;

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Starts a small marketplace for the sample job:
 *
 * - `PUT /listings/:sku/images/:n` takes an image's bytes; 201 `{ imageId, bytes, sha256 }`
 * - `POST /listings` takes `{ sku, title, price, currency, imageIds }`; 201 `{ listingId, url }`
 * - `GET /listings`, `GET /listings/:id` and `GET /images/:id` show what is there, `GET /` gives an overview as text
 *
 * Both writes demand an `Idempotency-Key`; the same key again gets 200 with the first answer, and nothing is stored
 * twice. So that there is a failure to watch, it resets the connection of the first try at each image 2 in the middle
 * of the upload. What it was sent is on disk before it answers.
 *
 * @throws RatchetError RT104 if `port` is taken, RT105 if `folder` cannot be written.
 */
export async function startMarketplace(options: MarketplaceOptions): Promise<Marketplace> {
  const store = await createMarketplaceStore(options.folder);
  const server = createServer((request, response) => {
    answer(request, response, store).catch((error: unknown) => {
      if (response.destroyed || response.headersSent) {
        response.destroy();
        return;
      }
      const status = error instanceof Refusal ? error.status : 500;
      sendJson(response, status, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  const port = await listen(server, options.port ?? 0);
  let closed: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      })),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new RatchetError("RT104", `The marketplace cannot listen on 127.0.0.1:${port}: the port is taken.`, {
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, store: MarketplaceStore): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const route = `${request.method} ${path}`;
  const upload = /^PUT \/listings\/(?<sku>[A-Za-z0-9\-]+)\/images\/(?<number>[1-9]\d{0,4})$/v.exec(route)?.groups;
  const one = /^GET \/(?<kind>listings|images)\/(?<id>[a-z]+-[0-9a-f]+)$/v.exec(route)?.groups;

  if (upload !== undefined) {
    await takeImage(request, response, store, { sku: upload["sku"] ?? "", number: Number(upload["number"]) });
  } else if (route === "POST /listings") {
    await takeListing(request, response, store);
  } else if (route === "GET /listings") {
    sendJson(response, 200, await store.listings());
  } else if (route === "GET /") {
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(await overview(store));
  } else if (one?.["kind"] === "listings") {
    sendJson(response, 200, (await store.listing(one["id"] ?? "")) ?? refuse(404, `There is no listing ${one["id"]}.`));
  } else if (one?.["kind"] === "images") {
    const image = (await store.image(one["id"] ?? "")) ?? refuse(404, `There is no image ${one["id"]}.`);
    response.writeHead(200, { "Content-Type": image.type }).end(await store.imageBytes(image.imageId));
  } else {
    refuse(404, `There is no ${route} here; GET / says what there is.`);
  }
}

async function takeImage(
  request: IncomingMessage,
  response: ServerResponse,
  store: MarketplaceStore,
  { sku, number }: { sku: string; number: number },
): Promise<void> {
  const key = idempotencyKeyOf(request);
  const drop = number === 2 && (await store.isFirstTry(key));
  const bytes = await readBody(request, drop);
  if (drop || bytes === null) {
    await store.record({ what: "image", sku, number, key, outcome: "dropped" });
    // A reset, not an orderly end: the client's read fails with ECONNRESET.
    request.socket.resetAndDestroy();
    return;
  }
  if (bytes.length === 0) {
    refuse(400, "The body is empty; send the image's bytes.");
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const type = request.headers["content-type"] ?? "application/octet-stream";
  const { image, isNew } = await store.addImage({ key, sku, number, type, bytes, sha256 });
  if (image.sha256 !== sha256) {
    refuse(422, "This Idempotency-Key came with other bytes before.");
  }
  await store.record({ what: "image", sku, number, key, outcome: isNew ? "stored" : "known" });
  sendJson(response, isNew ? 201 : 200, { imageId: image.imageId, bytes: image.bytes, sha256: image.sha256 });
}

async function takeListing(request: IncomingMessage, response: ServerResponse, store: MarketplaceStore): Promise<void> {
  const key = idempotencyKeyOf(request);
  const body = parseListing((await readBody(request, false)) ?? Buffer.alloc(0));
  const missing: string[] = [];
  for (const imageId of body.imageIds) {
    if ((await store.image(imageId)) === undefined) {
      missing.push(imageId);
    }
  }
  if (missing.length > 0) {
    refuse(422, `These images were never received: ${missing.join(", ")}.`);
  }
  const { listing, isNew } = await store.addListing({ key, ...body });
  await store.record({ what: "listing", sku: listing.sku, key, outcome: isNew ? "stored" : "known" });
  const url = `http://${request.headers.host ?? "127.0.0.1"}/listings/${listing.listingId}`;
  sendJson(response, isNew ? 201 : 200, { listingId: listing.listingId, url });
}

function idempotencyKeyOf(request: IncomingMessage): string {
  const key = request.headers["idempotency-key"];
  return typeof key === "string" && key !== "" ? key : refuse(400, "The header Idempotency-Key is missing.");
}

/** The whole body, or null once half of it has come when `stopHalfWay` is set. */
async function readBody(request: IncomingMessage, stopHalfWay: boolean): Promise<Buffer | null> {
  const announcedBytes = Number(request.headers["content-length"] ?? 0);
  const chunks: Buffer[] = [];
  let received = 0;
  // The default would destroy the socket on `return`, in an orderly way.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (stopHalfWay && received * 2 >= announcedBytes) {
      return null;
    }
    if (received > MAX_BODY_BYTES) {
      refuse(413, `The body is over ${MAX_BODY_BYTES} bytes.`);
    }
  }
  return Buffer.concat(chunks);
}

function parseListing(body: Buffer) {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    refuse(400, "The body is not JSON.");
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const { sku, title, description, price, currency, imageIds } = fields;
  if (
    typeof sku !== "string" ||
    typeof title !== "string" ||
    typeof price !== "number" ||
    typeof currency !== "string"
  ) {
    return refuse(400, "A listing has sku, title and currency as texts and price as a number.");
  }
  if (!Array.isArray(imageIds) || imageIds.length === 0 || !imageIds.every((id) => typeof id === "string")) {
    return refuse(400, "A listing has imageIds, a list with at least one text.");
  }
  return { sku, title, description: typeof description === "string" ? description : "", price, currency, imageIds };
}

async function overview(store: MarketplaceStore): Promise<string> {
  const [listings, images] = [await store.listings(), await store.images()];
  const lines = listings.map(
    (each) =>
      `  ${each.listingId}  ${each.sku}  ${each.title}  ${each.price} ${each.currency}  ${each.imageIds.length} images`,
  );
  return [
    "The sample marketplace of Ratchet.",
    `${listings.length} listings, ${images.length} images received.`,
    ...lines,
    "",
    "GET /listings, GET /listings/:id, GET /images/:id",
    "",
  ].join("\n");
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" }).end(`${JSON.stringify(value)}\n`);
}

function refuse(status: number, message: string): never {
  throw new Refusal(status, message);
}
