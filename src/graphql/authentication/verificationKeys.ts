import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { JWTVerifyGetKey } from "jose";
import type { Logger } from "pino";
import { RatchetError } from "../../errors/ratchetError.ts";
import { createPublishedKeys } from "./publishedKeys.ts";
import type { TokenKey } from "../../config/tokenOptions.ts";

/** What checks signatures. A key of one kind is never tried with an algorithm of another. */
export interface VerificationKeys {
  readonly algorithms: readonly string[];
  readonly keyOf: JWTVerifyGetKey;
}

/**
 * Makes the keys ready. Those of a URL are fetched when the first token comes.
 * @throws {RatchetError} RT110 about a file that has no public key of a kind that counts.
 */
export async function createVerificationKeys(key: TokenKey, log: Logger): Promise<VerificationKeys> {
  switch (key.kind) {
    case "secret": {
      const secret = new TextEncoder().encode(key.secret);
      return { algorithms: ["HS256"], keyOf: () => secret };
    }
    case "url":
      return { algorithms: ["RS256", "ES256"], keyOf: createPublishedKeys({ url: key.url, log }) };
    case "file":
      return readKeyFile(key.path);
  }
}

async function readKeyFile(path: string): Promise<VerificationKeys> {
  const refuse = (reason: string, cause?: unknown): RatchetError =>
    new RatchetError("RT110", `RATCHET_JWT_KEY_FILE is ${JSON.stringify(path)}: ${reason}.`, { cause });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw refuse("it cannot be read", error);
  }
  if (text.includes("PRIVATE KEY")) {
    throw refuse("it holds a private key, which only the issuer of tokens needs; give the server the public one");
  }
  let key: ReturnType<typeof createPublicKey>;
  try {
    key = createPublicKey(text);
  } catch (error) {
    throw refuse("it holds no public key in PEM", error);
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= 2048) {
    return { algorithms: ["RS256"], keyOf: () => key };
  }
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") {
    return { algorithms: ["ES256"], keyOf: () => key };
  }
  throw refuse("write an RSA key of at least 2048 bits (RS256) or an EC key of the curve P-256 (ES256)");
}
