import { afterEach, expect, test, vi } from "vitest";

import { heedServerDate, nowMs } from "../../../src/dashboard/view/serverClock.ts";

const BROWSER = Date.parse("2026-11-23T10:00:00.200Z");

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["Mon, 23 Nov 2026 10:00:00 GMT", 0],
  ["Mon, 23 Nov 2026 10:00:02 GMT", 0],
  ["Mon, 23 Nov 2026 10:10:00 GMT", 600_300],
  ["Mon, 23 Nov 2026 09:00:00 GMT", -3_599_700],
])("with an answer of %s the clock is %i ms ahead of the browser's", (date, aheadMs) => {
  vi.useFakeTimers({ now: BROWSER });
  heedServerDate(date);
  expect(nowMs() - BROWSER).toBe(aheadMs);
});

test("an answer without a date changes nothing", () => {
  vi.useFakeTimers({ now: BROWSER });
  heedServerDate("Mon, 23 Nov 2026 10:10:00 GMT");
  heedServerDate(null);
  expect(nowMs() - BROWSER).toBe(600_300);
});
