import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Duration, durationToMs } from "../../../src/definition/duration.ts";

describe("durationToMs", () => {
  test.each([
    ["0 s", 0],
    ["500 ms", 500],
    ["30 s", 30_000],
    ["5 min", 300_000],
    ["2 h", 7_200_000],
    ["30 d", 2_592_000_000],
    ["1.5 s", 1_500],
    ["0.4 ms", 0],
  ] as const)("%s is %d ms", (duration, expectedMs) => {
    expect(durationToMs(duration)).toBe(expectedMs);
  });

  test("every whole number of each unit is counted exactly", () => {
    const msPerUnit = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
    const units = fc.constantFrom("ms", "s", "min", "h", "d");
    fc.assert(
      fc.property(fc.nat(1_000_000), units, (amount, unit) => {
        expect(durationToMs(`${amount} ${unit}`)).toBe(amount * msPerUnit[unit]);
      }),
    );
  });

  test.each([
    "",
    "30",
    "30s",
    "30  s",
    " 30 s",
    "30 s ",
    "-1 s",
    "1e3 s",
    "Infinity s",
    "NaN ms",
    ".5 s",
    "1 day",
    "0x10 s",
  ])("%j is refused with advice", (text) => {
    // What the type refuses can still come from JavaScript, or from a setting.
    expect(() => durationToMs(text as Duration)).toThrow(
      expect.objectContaining({ code: "RT112", message: `${JSON.stringify(text)} is not a duration.` }),
    );
  });

  test("a number of milliseconds that JavaScript cannot count exactly is refused", () => {
    expect(() => durationToMs("9007199254740992 ms")).toThrow("is not a duration");
    expect(() => durationToMs("9007199254740991 h")).toThrow("is not a duration");
  });

  test("a value that is no text is refused, not converted", () => {
    expect(() => durationToMs(30 as unknown as Duration)).toThrow("30 is not a duration");
  });
});
