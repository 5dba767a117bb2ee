import { describe, expect, test } from "vitest";

import { formatTable } from "../../../src/cli/output/table.ts";
import { oneLine, pad, textWidth, truncate } from "../../../src/cli/output/text.ts";
import { formatClock, formatCountdown, formatDelay, formatSpan } from "../../../src/cli/output/time.ts";

describe("a table", () => {
  test("is aligned, numbers to the right, and tells NULL from an empty text", () => {
    const rows = [
      ["1", "Jacket", null],
      ["12", "", "x"],
    ];
    expect(formatTable([{ title: "id", align: "right" }, { title: "title" }, { title: "note" }], rows)).toStrictEqual([
      " id | title  | note",
      "----+--------+------",
      "  1 | Jacket | NULL",
      " 12 |        | x",
    ]);
  });

  test("continues a value of several lines below, marked as psql does", () => {
    expect(formatTable([{ title: "a" }, { title: "b" }], [["one\ntwo", "x"]])).toStrictEqual([
      " a   | b",
      "-----+---",
      " one+| x",
      " two |",
    ]);
  });

  test("keeps wide characters in their columns and shows control characters harmlessly", () => {
    const lines = formatTable(
      [{ title: "n" }, { title: "v" }],
      [
        ["日本", "a"],
        ["x", "\u001B[2J"],
      ],
    );
    expect(lines.slice(2)).toStrictEqual([" 日本 | a", " x    | �[2J"]);
  });

  test("with no row still has its header", () => {
    expect(formatTable([{ title: "id" }], [])).toStrictEqual([" id", "----"]);
  });
});

describe("text", () => {
  test.each([
    ["abc", 3],
    ["日本", 4],
    ["🚀", 2],
    ["é", 1],
    ["e\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["✔ ok", 4],
  ])("%s is %i cells wide", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test("is cut with an ellipsis that counts", () => {
    expect(truncate("Upload image", 8)).toBe("Upload …");
    expect(truncate("日本語", 4)).toBe("日…");
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate("abc", 0)).toBe("");
  });

  test("is padded by cells, and brought to one line", () => {
    expect(pad("日", 4)).toBe("日  ");
    expect(pad("7", 3, "right")).toBe("  7");
    expect(oneLine(" a\n\tb\u0000 ")).toBe("a b�");
  });
});

describe("time", () => {
  test.each([
    [-5, "0.00 s"],
    [34, "0.03 s"],
    [9_990, "9.99 s"],
    [12_400, "12.4 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
    [3_900_000, "1 h 5 min"],
    [7_199_000, "2 h"],
  ])("%i ms is %s", (spanMs, text) => {
    expect(formatSpan(spanMs)).toBe(text);
  });

  test("counts down in tenths and names delays in round figures", () => {
    expect([formatCountdown(2_400), formatCountdown(80_000), formatCountdown(-1)]).toStrictEqual([
      "2.4 s",
      "1 min 20 s",
      "0.0 s",
    ]);
    expect([formatDelay(2_999.6), formatDelay(2_500), formatDelay(120_000)]).toStrictEqual(["3 s", "2.5 s", "2 min"]);
    expect(formatClock(new Date(2026, 0, 1, 9, 5, 3))).toBe("09:05:03");
  });
});
