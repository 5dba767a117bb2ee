import { expect, test } from "vitest";

import { distanceText, durationText } from "../../../src/dashboard/view/durations.ts";

test.each([
  [0, "0 ms"],
  [-5, "0 ms"],
  [340, "340 ms"],
  [999.6, "1 s"],
  [2340, "2.3 s"],
  [9999, "10 s"],
  [59_600, "1 min"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h"],
  [3_605_000, "1 h"],
  [90_061_000, "1 d 1 h"],
  [40 * 86_400_000, "40 d"],
])("%d ms are %s", (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

test("a moment is before, after or at this one", () => {
  expect(distanceText(0, 180_400)).toBe("3 min ago");
  expect(distanceText(20_000, 0)).toBe("in 20 s");
  expect(distanceText(400, 0)).toBe("now");
});
