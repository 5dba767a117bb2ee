import { afterEach, expect, test, vi } from "vitest";

import { clockJumps, hearClockJumps, heedServerDate, nowMs } from "../../../src/dashboard/view/serverClock.ts";

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

test("a clock that was found wrong is counted once, whatever the second in which the next answer comes, and once more when it is right", () => {
  vi.useFakeTimers({ now: BROWSER });
  heedServerDate("Mon, 23 Nov 2026 10:00:00 GMT");
  const before = clockJumps();
  const heard = vi.fn<() => void>();
  const stop = hearClockJumps(heard);
  heedServerDate("Mon, 23 Nov 2026 12:00:00 GMT");
  heedServerDate("Mon, 23 Nov 2026 12:00:01 GMT");
  expect(nowMs() - BROWSER).toBe(7_200_300);
  heedServerDate("Mon, 23 Nov 2026 10:00:00 GMT");
  expect(nowMs()).toBe(BROWSER);
  expect(clockJumps() - before).toBe(2);
  expect(heard).toHaveBeenCalledTimes(2);
  stop();
});
