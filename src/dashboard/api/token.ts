import { settings } from "../view/settings.ts";

const KEY = "ratchet.token";
let refusal: string | null = null;
const listeners = new Set<() => void>();

/** The token of this window; null if there is none. It goes with the tab, so two windows can be two people. */
export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Why the server did not take the token of before; null if nothing was wrong with it. */
export function whyForgotten(): string | null {
  return refusal;
}

/** Keeps a token for this window; null forgets it, with what the server had against it. */
export function keepToken(token: string | null, why: string | null = null): void {
  refusal = why;
  if (token === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, token);
  }
  for (const listener of listeners) {
    listener();
  }
}

/** Calls back when the token has changed; returns what ends that. */
export function hearToken(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** What a token says of its bearer. Only for show: the server is who decides. */
export interface Bearer {
  readonly role: string | null;
  readonly tenant: string | null;
  readonly subject: string | null;
}

/** Reads a token without checking it; null if it is none. */
export function bearerOf(token: string): Bearer | null {
  try {
    const [, body = ""] = token.split(".");
    const bytes = Uint8Array.from(
      atob(body.replaceAll("-", "+").replaceAll("_", "/")),
      (letter) => letter.codePointAt(0) ?? 0,
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const textOf = (name: string): string | null => (typeof claims[name] === "string" ? claims[name] : null);
    return { role: textOf(settings.roleClaim), tenant: textOf(settings.tenantClaim), subject: textOf("sub") };
  } catch {
    return null;
  }
}

/** Whether the bearer may change jobs. Without tokens everybody may. */
export function mayOrder(): boolean {
  const token = readToken();
  if (token === null) {
    return !settings.asksForToken;
  }
  const role = bearerOf(token)?.role;
  return role === "operator" || role === "admin";
}

/** Whether the bearer may know which workers there are: host names and processes are nobody's business but an admin's. */
export function maySeeWorkers(): boolean {
  const token = readToken();
  return token === null ? !settings.asksForToken : bearerOf(token)?.role === "admin";
}

/** Whether the bearer may add jobs. */
export function mayAdd(): boolean {
  const token = readToken();
  return mayOrder() || (token !== null && bearerOf(token)?.role === "enqueuer");
}
