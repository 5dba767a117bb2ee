import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { defineJob, NonRetryableError } from "pg-ratchet";
import { z } from "zod";

/** What a seller hands in; `examples/products/jacket.json` is one. */
const Listing = z.object({
  sku: z.string().regex(/^[A-Za-z0-9-]+$/, "letters, digits and hyphens only"),
  title: z.string().min(1).max(200),
  description: z.string().default(""),
  price: z.number().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/, "a three-letter code such as EUR"),
  /** Where the images are: absolute, or relative to the folder that the worker was started in. */
  folder: z.string().default("."),
  /** File names in `folder`; an absolute path is taken as it is. */
  images: z
    .array(z.string().min(1))
    .min(1)
    .refine((images) => new Set(images).size === images.length, "the same image is named twice"),
});

/** Publishes a product on the marketplace: its images first, one by one, then the listing that shows them. */
export default defineJob({ payload: Listing, retry: { maxAttempts: 5, delay: "30 s" } })
  .task("validate", { title: "Validate product" }, async ({ payload, log }) => {
    const images = await Promise.all(payload.images.map((name) => readImage(payload.folder, name)));
    const totalBytes = images.reduce((sum, image) => sum + image.bytes.length, 0);
    log.info({ images: images.length, totalBytes }, "The product can be published.");
    return { images: images.length, totalBytes };
  })

  // A task per image. Its idempotency key is the same in every try, so the marketplace stores an upload once even if
  // its answer was lost on the way.
  .forEach(
    "upload",
    "images",
    { title: "Upload image {n}/{total}", timeout: "1 min" },
    async ({ payload, input, signal, idempotencyKey }) => {
      const image = await readImage(payload.folder, input);
      const number = payload.images.indexOf(input) + 1;
      return request(`/listings/${payload.sku}/images/${number}`, UploadedImage, {
        method: "PUT",
        headers: { "Content-Type": image.type, "Idempotency-Key": idempotencyKey },
        body: image.bytes,
        signal,
      });
    },
  )

  // `results.upload` has what every upload returned, those of earlier tries included.
  .task(
    "create",
    { title: "Create listing", timeout: "20 s" },
    async ({ payload, results, signal, idempotencyKey }) => {
      const { sku, title, description, price, currency } = payload;
      const imageIds = (await results.upload).map((upload) => upload.imageId);
      return request("/listings", PublishedListing, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
        body: JSON.stringify({ sku, title, description, price, currency, imageIds }),
        signal,
      });
    },
  );

/** What the marketplace answers to an upload. */
const UploadedImage = z.object({ imageId: z.string(), bytes: z.number(), sha256: z.string() });

/** What the marketplace answers to a new listing. */
const PublishedListing = z.object({ listingId: z.string(), url: z.string() });

const IMAGE_TYPES = [
  { type: "image/png", signature: Buffer.from("89504e470d0a1a0a", "hex") },
  { type: "image/jpeg", signature: Buffer.from("ffd8ff", "hex") },
];

/** A missing or wrong file stays so until a person changes it, hence no retry. */
async function readImage(folder: string, name: string) {
  const path = resolve(folder, name);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new NonRetryableError(`The image ${path} cannot be read. Correct "folder" or "images" of the product.`, {
      cause,
    });
  });
  const type = IMAGE_TYPES.find(({ signature }) => bytes.subarray(0, signature.length).equals(signature))?.type;
  if (type === undefined) {
    throw new NonRetryableError(`The file ${path} is neither a PNG nor a JPEG image.`);
  }
  return { bytes, type };
}

/** Sends one request to the marketplace and gives its checked answer; throws on a lost connection and on a refusal. */
async function request<Answer>(path: string, answer: z.ZodType<Answer>, init: RequestInit): Promise<Answer> {
  const base = process.env["MARKETPLACE_URL"];
  if (base === undefined || base === "") {
    throw new Error(
      "MARKETPLACE_URL is not set: give the worker the marketplace's address, such as http://127.0.0.1:8080.",
    );
  }
  const response = await fetch(new URL(path, base), init);
  const text = await response.text();
  if (!response.ok) {
    // Asking again does not change a 4xx, except "too early", "too many" and "time-out".
    const Failure = response.status < 500 && ![408, 425, 429].includes(response.status) ? NonRetryableError : Error;
    throw new Failure(`the marketplace answered ${response.status}: ${text.slice(0, 200)} (${init.method} ${path})`);
  }
  return answer.parse(JSON.parse(text));
}
