import { createHash } from "node:crypto";
import { appendFile, mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

import { RatchetError } from "../src/errors/ratchetError.ts";

/** An image the marketplace has received. */
export interface StoredImage {
  readonly imageId: string;
  readonly sku: string;
  /** The place in the listing, from 1. */
  readonly number: number;
  /** The media type the sender gave. */
  readonly type: string;
  /** The size. */
  readonly bytes: number;
  /** Of the bytes, in hex. */
  readonly sha256: string;
}

/** A published listing. */
export interface StoredListing {
  readonly listingId: string;
  readonly sku: string;
  readonly title: string;
  readonly description: string;
  readonly price: number;
  readonly currency: string;
  readonly imageIds: readonly string[];
}

/** One line of `record.jsonl`: each write the marketplace was asked for, in order. */
export interface MarketplaceRecord {
  readonly what: "image" | "listing";
  readonly sku: string;
  readonly number?: number;
  /** The Idempotency-Key. */
  readonly key: string;
  /** `known`: the same key had been answered before. */
  readonly outcome: "stored" | "known" | "dropped";
}

/** The marketplace's memory: files in one folder, each complete or absent. */
export type MarketplaceStore = Awaited<ReturnType<typeof createMarketplaceStore>>;

/**
 * Opens the folder, making it if needed. Ids are made from the Idempotency-Key, so the same key finds what it stored
 * before without an index that could be lost.
 *
 * @throws RatchetError RT105 if the folder cannot be written.
 */
export async function createMarketplaceStore(folder: string) {
  const [images, listings, tries] = ["images", "listings", "tries"].map((name) => join(folder, name)) as [string, string, string];
  try {
    for (const each of [images, listings, tries]) {
      await mkdir(each, { recursive: true });
    }
  } catch (error) {
    throw new RatchetError("RT105", `The marketplace cannot write to ${folder}: ${(error as Error).message}.`, { cause: error });
  }
  const readImage = (id: string) => readJson<StoredImage>(join(images, `${id}.json`));
  const readListing = (id: string) => readJson<StoredListing>(join(listings, `${id}.json`));

  return {
    /** Whether nobody has asked this about `key` before; asking is remembered. */
    async isFirstTry(key: string): Promise<boolean> {
      try {
        await (await open(join(tries, shortHash(key)), "wx")).close();
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") {
          return false;
        }
        throw error;
      }
    },

    /** Stores the image, or gives the one that this key stored before. */
    async addImage({ key, bytes, ...image }: Omit<StoredImage, "imageId" | "bytes"> & { key: string; bytes: Buffer }) {
      const imageId = `img-${shortHash(key)}`;
      const known = await readImage(imageId);
      if (known !== undefined) {
        return { image: known, isNew: false };
      }
      const stored: StoredImage = { imageId, ...image, bytes: bytes.length };
      // The description comes last: an image counts as received once it is there.
      await writeWhole(join(images, imageId), bytes);
      await writeWhole(join(images, `${imageId}.json`), JSON.stringify(stored));
      return { image: stored, isNew: true };
    },

    /** Stores the listing, or gives the one that this key stored before. */
    async addListing({ key, ...listing }: Omit<StoredListing, "listingId"> & { key: string }) {
      const listingId = `lst-${shortHash(key)}`;
      const known = await readListing(listingId);
      if (known !== undefined) {
        return { listing: known, isNew: false };
      }
      const stored: StoredListing = { listingId, ...listing };
      await writeWhole(join(listings, `${listingId}.json`), JSON.stringify(stored));
      return { listing: stored, isNew: true };
    },

    image: readImage,
    listing: readListing,
    imageBytes: (imageId: string) => readFile(join(images, imageId)),
    images: () => readAll<StoredImage>(images),
    listings: () => readAll<StoredListing>(listings),

    /** Adds one line to `record.jsonl`. */
    record: (entry: MarketplaceRecord) =>
      appendFile(join(folder, "record.jsonl"), `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`),
  };
}

function shortHash(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}

/** A reader, or a start after a kill, sees the whole file or none. */
async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

async function readAll<T>(folder: string): Promise<T[]> {
  const found: T[] = [];
  for (const name of (await readdir(folder)).filter((each) => each.endsWith(".json")).toSorted()) {
    found.push(JSON.parse(await readFile(join(folder, name), "utf8")) as T);
  }
  return found;
}
