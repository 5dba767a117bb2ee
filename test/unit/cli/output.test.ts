import { describe, expect, test } from "vitest";

import { formatTable } from "../../../src/cli/output/table.ts";
import { fitColumns } from "../../../src/cli/output/fit.ts";
import { formatList } from "../../../src/cli/output/list.ts";
import { createPaint } from "../../../src/cli/output/paint.ts";
import { printProse } from "../../../src/cli/output/prose.ts";
import { breakLines, oneLine, pad, textWidth, truncate } from "../../../src/cli/output/text.ts";
import { reportError } from "../../../src/cli/printError.ts";
import { RatchetError } from "../../../src/errors/ratchetError.ts";
import { formatAge, formatClock, formatCountdown, formatDelay, formatSpan } from "../../../src/cli/output/time.ts";

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
    expect([0, 1_999, 119_000, 120_000, 7_199_000, 7_200_000, 172_800_000].map(formatAge)).toStrictEqual([
      "0 s",
      "1 s",
      "119 s",
      "2 min",
      "119 min",
      "2 h",
      "2 d",
    ]);
    expect(formatClock(new Date(2026, 0, 1, 9, 5, 3))).toBe("09:05:03");
  });
});

describe("a list", () => {
  const columns = [{ title: "id" }, { title: "name", cut: true }, { title: "error", cut: true }];

  test("cuts the widest of the columns that may be cut, and no further than 8 cells", () => {
    const row = ["1234567890", "n".repeat(20), "e".repeat(40)];
    expect(fitColumns(columns, [row], 80)).toStrictEqual([10, 20, 40]);
    expect(fitColumns(columns, [row], 58)).toStrictEqual([10, 20, 20]);
    expect(fitColumns(columns, [row], 50)).toStrictEqual([10, 16, 16]);
    expect(fitColumns(columns, [row], 10)).toStrictEqual([10, 8, 8]);
  });

  test("takes exactly the width there is, wide characters and lines in a cell included", () => {
    const rows = [["1", "直接".repeat(9), "one\ntwo ".repeat(9)]];
    for (const width of [40, 60, 80]) {
      const lines = formatList({ columns: width }, columns, rows);
      expect(lines).toHaveLength(3);
      expect(Math.max(...lines.map((line) => textWidth(line)))).toBeLessThanOrEqual(width);
      expect(lines[2]).toContain("…");
    }
  });

  test("leaves an optional column out if there is nothing in it", () => {
    const optional = [{ title: "id" }, { title: "next", optional: true }];
    expect(formatList({}, optional, [["1", ""]])).toStrictEqual([" id", "----", " 1"]);
    expect(formatList({}, optional, [["1", "due"]])[0]).toBe(" id | next");
  });
});

test("an error is broken between words in a terminal, and indented below its first line", () => {
  const error = new RatchetError("RT013", "There is no job 7.", { hint: "See which there are with: ratchet jobs" });
  const style = { errorPaint: createPaint(false), command: "npx ratchet", debug: false };
  expect(reportError(error, { ...style, errorColumns: 28 }).lines).toStrictEqual([
    "ratchet: There is no job",
    "  7.",
    "  hint: See which there",
    "  are with: npx ratchet jobs",
    "  code: RT013",
    "  (unknown_job)",
  ]);
  expect(reportError(error, { ...style, errorColumns: undefined }).lines).toHaveLength(3);
});

describe("prose", () => {
  test("is broken between words in a terminal only, and no word is cut", () => {
    const sentence = "one two https://example.com/a/long/path three";
    expect(breakLines(sentence, 12)).toStrictEqual(["one two", "https://example.com/a/long/path", "three"]);
    const printed = (stdout: { isTTY: boolean; columns: number }): string[] => {
      const lines: string[] = [];
      const print = (...given: readonly string[]): void => {
        lines.push(...given);
      };
      printProse({ stdout: stdout as NodeJS.WriteStream, print }, sentence);
      return lines;
    };
    expect(printed({ isTTY: true, columns: 40 })).toStrictEqual(["one two https://example.com/a/long/path", "three"]);
    expect(printed({ isTTY: false, columns: 40 })).toStrictEqual([sentence]);
  });
});

test("a sentence cannot steer the terminal", () => {
  const printed: string[] = [];
  const print = (...lines: readonly string[]): void => {
    printed.push(...lines);
  };
  printProse({ stdout: {} as NodeJS.WriteStream, print }, "It failed: \u001B]0;title\u0007 no\nanswer  at all");
  expect(printed).toStrictEqual(["It failed: �]0;title� no answer  at all"]);
});
