/** What tokens are checked with. */
export type TokenKey =
  /** At least 32 bytes; HS256. */
  | { readonly kind: "secret"; readonly secret: string }
  /** Where the issuer publishes its public keys; RS256 and ES256. */
  | { readonly kind: "url"; readonly url: string }
  /** A public key in PEM; RS256 or ES256, whichever it is for. */
  | { readonly kind: "file"; readonly path: string };

/** Which tokens count, and where in them is what. */
export interface TokenOptions {
  readonly key: TokenKey;
  /** What the claim `aud` must be or contain; null: anything. */
  readonly audience: string | null;
  /** What the claim `iss` must be; null: anything. */
  readonly issuer: string | null;
  /** The claim with the role: enqueuer, viewer, operator or admin. */
  readonly roleClaim: string;
  /** The claim with the tenant. */
  readonly tenantClaim: string;
}
