import { type JWTPayload, errors, jwtVerify } from "jose";
import type { Logger } from "pino";
import { RatchetError, isRatchetError } from "../../errors/ratchetError.ts";
import { CALLER_ROLES, type CallerRole, type Identity } from "./identity.ts";
import type { TokenOptions } from "../../config/tokenOptions.ts";
import { createVerificationKeys } from "./verificationKeys.ts";

/** How far the issuer's clock and ours may differ. */
const CLOCK_TOLERANCE_S = 30;

/** Ratchet's columns take no more. */
const LONGEST_TENANT = 128;
const LONGEST_SUBJECT = 255;

/**
 * Tells who asks by a JSON Web Token.
 * @throws {RatchetError} RT153 if it does not count, with the reason and, if that is its age, the detail "expired"; RT155 if the issuer's keys cannot be had.
 */
export type TokenVerifier = (token: string) => Promise<Identity>;

/**
 * Creates what checks tokens: signature by the keys and algorithms of `options` alone, `exp`, `nbf`, audience and issuer, and
 * that role, tenant and subject are ones that can be.
 * @throws {RatchetError} RT110 if the key file is of no use.
 */
export async function createTokenVerifier(options: TokenOptions, log: Logger): Promise<TokenVerifier> {
  const { algorithms, keyOf } = await createVerificationKeys(options.key, log);
  const checks = {
    algorithms: [...algorithms],
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ["exp", "sub"],
    ...(options.audience === null ? {} : { audience: options.audience }),
    ...(options.issuer === null ? {} : { issuer: options.issuer }),
  };
  return async (token) => {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keyOf, checks));
    } catch (error) {
      if (isRatchetError(error)) {
        throw error;
      }
      throw unauthenticated(reasonOf(error, algorithms), error instanceof errors.JWTExpired ? "expired" : undefined);
    }
    return identityFrom(payload, options);
  };
}

/** The error of a request whose token does not count. */
function unauthenticated(reason: string, detail?: string): RatchetError {
  return new RatchetError("RT153", `The token does not count: ${reason}.`, { detail });
}

function identityFrom(payload: JWTPayload, { roleClaim, tenantClaim }: TokenOptions): Identity {
  const role = payload[roleClaim];
  if (!isCallerRole(role)) {
    throw unauthenticated(`its claim ${roleClaim} is none of ${CALLER_ROLES.join(", ")}`);
  }
  const tenant = payload[tenantClaim] ?? null;
  const isTenant = isPlainText(tenant, LONGEST_TENANT);
  if (!isTenant && !(tenant === null && role === "admin")) {
    throw unauthenticated(
      `its claim ${tenantClaim} is no text of 1 to ${LONGEST_TENANT} characters, and only an admin goes without`,
    );
  }
  const { sub, exp = 0 } = payload;
  if (!isPlainText(sub, LONGEST_SUBJECT)) {
    throw unauthenticated(`its claim sub is no text of 1 to ${LONGEST_SUBJECT} characters`);
  }
  return Object.freeze({
    role,
    tenant: isTenant ? tenant : null,
    subject: sub,
    expiresAtMs: (exp + CLOCK_TOLERANCE_S) * 1000,
  });
}

function isCallerRole(value: unknown): value is CallerRole {
  return CALLER_ROLES.some((role) => role === value);
}

/** A text that Postgres can store, and a log line can hold. */
function isPlainText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= longest && !/[\p{Cc}\p{Cs}]/v.test(value);
}

/** Says nothing of the token's content but names of claims. */
function reasonOf(error: unknown, algorithms: readonly string[]): string {
  if (error instanceof errors.JWTExpired) {
    return "it has expired";
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "nbf"
      ? "its time has not come yet (claim nbf)"
      : `its claim ${error.claim} is ${error.reason === "missing" ? "missing" : "not what it must be"}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `it must be signed with ${algorithms.join(" or ")}`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "its signature is not by the key that counts";
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return "its header names none of the issuer's keys (kid)";
  }
  return "it is no JSON Web Token";
}
