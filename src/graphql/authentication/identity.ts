import "postgraphile/grafserv/node";

/** What a caller may do, from least to most; each is a role of Postgres, such as `ratchet_viewer`. */
export const CALLER_ROLES = ["enqueuer", "viewer", "operator", "admin"] as const;

/** One of {@link CALLER_ROLES}. */
export type CallerRole = (typeof CALLER_ROLES)[number];

/** Who asks, as a verified token says. */
export interface Identity {
  readonly role: CallerRole;
  /** Whose jobs are meant; null: all tenants', which only an admin may say. */
  readonly tenant: string | null;
  /** Who it is, for the audit: the token's `sub`. */
  readonly subject: string;
  /** When the token expires, in ms since 1970, the allowed difference of clocks included. */
  readonly expiresAtMs: number;
}

/** By what one caller is told from others. */
export function callerOf({ tenant, subject }: Identity): string {
  return JSON.stringify([tenant, subject]);
}

const identities = new WeakMap<object, Identity>();

/** Notes who asks by a request or websocket; for whatever comes by it later. */
export function noteIdentity(carrier: object, identity: Identity): void {
  identities.set(carrier, identity);
}

/** Who asks; undefined if nobody has looked at a token. */
export function identityOf({ http, ws }: Partial<Grafast.RequestContext>): Identity | undefined {
  const carrier: object | undefined = ws?.socket ?? http;
  return carrier === undefined ? undefined : identityBy(carrier);
}

/** Who asks by a request or websocket; undefined if nobody has looked at a token. */
export function identityBy(carrier: object): Identity | undefined {
  return identities.get(carrier);
}
