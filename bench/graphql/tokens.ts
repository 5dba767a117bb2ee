import { SignJWT } from "jose";

import type { TokenOptions } from "../../src/config/tokenOptions.ts";

const SECRET = "a secret for nobody but the benchmark";

/** What the measured server checks tokens with. */
export const TOKENS: TokenOptions = {
  key: { kind: "secret", secret: SECRET },
  audience: null,
  issuer: null,
  roleClaim: "ratchet_role",
  tenantClaim: "ratchet_tenant",
};

/** A token of a viewer of the tenant that the jobs belong to, good for an hour. */
export function viewersToken(): Promise<string> {
  return new SignJWT({ sub: "bench", ratchet_role: "viewer", ratchet_tenant: "default" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));
}
