import { type JWTPayload, type CryptoKey as Key, SignJWT, UnsecuredJWT } from "jose";

/** What test servers check tokens with. */
export const TEST_SECRET = "a secret of the tests, 32 bytes or more";

/** What a token of the tests holds unless it says otherwise. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** How a token is signed. */
export interface Signing {
  readonly key?: Key | Uint8Array;
  readonly alg?: string;
  readonly kid?: string;
}

/** Signs a token that is good for an hour and of a viewer of tenant A, but for what `claims` says; undefined leaves one out. */
export function signToken(claims: TokenClaims = {}, { key, alg = "HS256", kid }: Signing = {}): Promise<string> {
  return new SignJWT(payloadOf(claims))
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign(key ?? new TextEncoder().encode(TEST_SECRET));
}

/** The same without a signature: `alg: none`. */
export function unsignedToken(claims: TokenClaims = {}): string {
  return new UnsecuredJWT(payloadOf(claims)).encode();
}

/** Seconds since 1970. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function payloadOf(claims: TokenClaims): JWTPayload {
  const payload = { sub: "ann", exp: inSeconds(3600), ratchet_role: "viewer", ratchet_tenant: "A", ...claims };
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
}
