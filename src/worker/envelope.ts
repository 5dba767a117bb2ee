/** What Ratchet's own wake-ups carry: `{"$ratchet": "<job id>"}` and nothing else. */
const ENVELOPE_KEY = "$ratchet";

/** The job id in a wake-up's payload; `null` if the wake-up was added without Ratchet. */
export function jobIdOf(payload: unknown): string | null {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    return null;
  }
  const id = (payload as Readonly<Record<string, unknown>>)[ENVELOPE_KEY];
  return Object.keys(payload).length === 1 && typeof id === "string" && /^[1-9]\d{0,18}$/v.test(id) ? id : null;
}
