import { type JWTVerifyGetKey, createRemoteJWKSet, errors } from "jose";
import type { Logger } from "pino";
import { RatchetError } from "../../errors/ratchetError.ts";

/** How long a fetch may take. */
const FETCH_TIMEOUT_MS = 5000;
/** Age of the keys from which on they are fetched again: a key that was withdrawn counts no longer. */
const RENEW_AFTER_MS = 10 * 60_000;
/** Age up to which they count while they cannot be fetched: trouble at the issuer is none here at once. */
const OLDEST_MS = 24 * 60 * 60_000;
/** Between two fetches because of tokens with unknown keys: made-up tokens must not become a flood of fetches. */
const COOLDOWN_MS = 30_000;
/** Between two fetches while there is no key to go on with. */
const RETRY_AFTER_MS = 1000;

/** What {@link createPublishedKeys} takes. */
export interface PublishedKeysOptions {
  readonly url: string;
  readonly log: Logger;
  /** Tells the time in ms since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

/**
 * Creates the look-up of an issuer's published keys (a JSON Web Key Set). Known keys are used without waiting for anything;
 * they are renewed in the background, and at once for a token signed with an unknown one. The look-up throws RatchetError
 * RT155 when there are no keys to be had, and jose's errors about the token.
 */
export function createPublishedKeys({ url, log, now = Date.now }: PublishedKeysOptions): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    // When to fetch is decided here: jose would let every unknown key cause a fetch while the last one has failed.
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
  });
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;

  function mayTryAfter(waitMs: number): boolean {
    return keys.reloading || now() - triedAtMs >= waitMs;
  }

  async function fetchKeys(): Promise<void> {
    triedAtMs = now();
    try {
      await keys.reload();
      fetchedAtMs = now();
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      log.warn({ errorMessage }, "the keys for tokens cannot be fetched");
      throw unreachable(error);
    }
  }

  return async (header, token) => {
    const ageMs = now() - fetchedAtMs;
    if (ageMs > OLDEST_MS) {
      if (!mayTryAfter(RETRY_AFTER_MS)) {
        throw unreachable();
      }
      await fetchKeys();
    } else if (ageMs > RENEW_AFTER_MS && mayTryAfter(COOLDOWN_MS)) {
      // Logged above; the known keys count on.
      fetchKeys().catch(() => {});
    }
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayTryAfter(COOLDOWN_MS)) {
        throw error;
      }
      await fetchKeys();
      return keys(header, token);
    }
  };
}

function unreachable(cause?: unknown): RatchetError {
  return new RatchetError("RT155", "The keys that tokens are checked with cannot be fetched at the moment.", { cause });
}
