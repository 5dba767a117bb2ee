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

/** An image as it comes in, with the Idempotency-Key it came with. */
export interface NewImage extends Omit<StoredImage, "imageId" | "bytes"> {
  readonly key: string;
  readonly bytes: Buffer;
}

/** A listing as it comes in, with the Idempotency-Key it came with. */
export interface NewListing extends Omit<StoredListing, "listingId"> {
  readonly key: string;
}

/** The marketplace's memory: files in one folder, each complete or absent. */
export interface MarketplaceStore {
  /** Whether nobody has asked this about `key` before; asking is remembered. */
  readonly isFirstTry: (key: string) => Promise<boolean>;
  /** Stores the image, or gives the one that this key stored before. */
  readonly addImage: (image: NewImage) => Promise<{ image: StoredImage; isNew: boolean }>;
  /** Stores the listing, or gives the one that this key stored before. */
  readonly addListing: (listing: NewListing) => Promise<{ listing: StoredListing; isNew: boolean }>;
  readonly image: (imageId: string) => Promise<StoredImage | undefined>;
  readonly listing: (listingId: string) => Promise<StoredListing | undefined>;
  readonly imageBytes: (imageId: string) => Promise<Buffer>;
  readonly images: () => Promise<StoredImage[]>;
  readonly listings: () => Promise<StoredListing[]>;
  /** Adds one line to `record.jsonl`. */
  readonly record: (entry: MarketplaceRecord) => Promise<void>;
}

/**
 * Opens the folder, making it if needed. Ids are made from the Idempotency-Key, so the same key finds what it stored
 * before without an index that could be lost.
 *
 * @throws RatchetError RT105 if the folder cannot be written.
 */
export async function createMarketplaceStore(folder: string): Promise<MarketplaceStore> {
  const images = join(folder, "images");
  const listings = join(folder, "listings");
  const tries = join(folder, "tries");
  try {
    for (const each of [images, listings, tries]) {
      await mkdir(each, { recursive: true });
    }
  } catch (error) {
    throw new RatchetError("RT105", `The marketplace cannot write to ${folder}: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  const readImage = (id: string) => readJson<StoredImage>(join(images, `${id}.json`));
  const readListing = (id: string) => readJson<StoredListing>(join(listings, `${id}.json`));

  return {
    isFirstTry: async (key) => {
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

    addImage: async ({ key, bytes, ...image }) => {
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

    addListing: async ({ key, ...listing }) => {
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
    imageBytes: (imageId) => readFile(join(images, imageId)),
    images: () => readAll<StoredImage>(images),
    listings: () => readAll<StoredListing>(listings),

    record: (entry) =>
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
