import type { TokenKey, TokenOptions } from "./tokenOptions.ts";

/** The settings about tokens as they were given. */
export interface TokenSettings {
  readonly jwtSecret: string | null;
  readonly jwksUrl: string | null;
  readonly jwtKeyFile: string | null;
  readonly jwtAudience: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtRoleClaim: string;
  readonly jwtTenantClaim: string;
}

/** What is wrong with them together, in sentences. */
export function problemsOfTokens({ jwtSecret, jwksUrl, jwtKeyFile, jwtAudience }: TokenSettings): string[] {
  const keys = [jwtSecret, jwksUrl, jwtKeyFile].filter((key) => key !== null);
  return [
    ...(keys.length > 1
      ? ["RATCHET_JWT_SECRET, RATCHET_JWKS_URL and RATCHET_JWT_KEY_FILE do not go together: set one of them."]
      : []),
    ...(jwksUrl !== null && jwtAudience === null
      ? ["RATCHET_JWKS_URL needs RATCHET_JWT_AUDIENCE: the issuer's tokens for other programs must not count here."]
      : []),
  ];
}

/** Which tokens count; null if nobody is asked for one. */
export function tokenOptionsOf(settings: TokenSettings): TokenOptions | null {
  const key = keyOf(settings);
  const { jwtAudience: audience, jwtIssuer: issuer, jwtRoleClaim: roleClaim, jwtTenantClaim: tenantClaim } = settings;
  return key === null ? null : Object.freeze({ key, audience, issuer, roleClaim, tenantClaim });
}

function keyOf({ jwtSecret, jwksUrl, jwtKeyFile }: TokenSettings): TokenKey | null {
  if (jwtSecret !== null) {
    return { kind: "secret", secret: jwtSecret };
  }
  if (jwksUrl !== null) {
    return { kind: "url", url: jwksUrl };
  }
  return jwtKeyFile === null ? null : { kind: "file", path: jwtKeyFile };
}
