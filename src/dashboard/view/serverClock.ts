/** The header `Date` counts whole seconds, and an answer takes a moment: less than this is not known to be wrong. */
const TRUSTED_WITHIN_MS = 3000;
let aheadMs = 0;

/** The time now, in ms, by the server's clock where the browser's is wrong. */
export function nowMs(): number {
  return Date.now() + aheadMs;
}

/** Compares the clocks: `date` is the header of an answer that just came. */
export function heedServerDate(date: string | null): void {
  const serverMs = Date.parse(date ?? "");
  if (!Number.isNaN(serverMs)) {
    // The second began up to a second ago.
    const differenceMs = serverMs + 500 - Date.now();
    aheadMs = Math.abs(differenceMs) < TRUSTED_WITHIN_MS ? 0 : differenceMs;
  }
}
