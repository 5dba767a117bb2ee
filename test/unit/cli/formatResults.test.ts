import pg from "pg";
import { describe, expect, test } from "vitest";

import { formatResult, formatResultAsJson, formatSqlError } from "../../../src/cli/sql/formatResults.ts";

const INT4 = 23;
const INT8 = 20;
const TEXT = 25;
const BOOL = 16;
const JSONB = 3802;

describe("a result", () => {
  test("is a table with its number of rows", () => {
    const columns = [
      { name: "id", typeId: INT8 },
      { name: "title", typeId: TEXT },
    ];
    expect(formatResult({ command: "SELECT", rowCount: 1, columns, rows: [["7", null]] })).toStrictEqual([
      " id | title",
      "----+-------",
      "  7 | NULL",
      "(1 row)",
    ]);
    expect(formatResult({ command: "UPDATE", rowCount: 0, columns, rows: [] }).slice(-2)).toStrictEqual([
      "(0 rows)",
      "UPDATE 0",
    ]);
  });

  test("without columns is its command and the rows it touched", () => {
    expect(formatResult({ command: "INSERT", rowCount: 3, columns: [], rows: [] })).toStrictEqual(["INSERT 3"]);
    expect(formatResult({ command: "CREATE", rowCount: null, columns: [], rows: [] })).toStrictEqual(["CREATE"]);
    expect(formatResult({ command: "", rowCount: null, columns: [], rows: [] })).toStrictEqual([]);
  });

  test("as JSON keeps big numbers as text and columns of one name apart", () => {
    const columns = [
      { name: "n", typeId: INT8 },
      { name: "n", typeId: INT4 },
      { name: "ok", typeId: BOOL },
      { name: "j", typeId: JSONB },
      { name: "none", typeId: TEXT },
    ];
    const rows = [["9007199254740993", "2", "t", '{"a": [1]}', null]];
    expect(JSON.parse(formatResultAsJson({ command: "SELECT", rowCount: 1, columns, rows }))).toStrictEqual([
      { n: "9007199254740993", n_2: 2, ok: true, j: { a: [1] }, none: null },
    ]);
    expect(formatResultAsJson({ command: "DELETE", rowCount: 2, columns: [], rows: [] })).toBe(
      '{"command":"DELETE","rowCount":2}',
    );
  });
});

test("an error shows the line with a mark under the place, counted in characters", () => {
  const error = new pg.DatabaseError('column "b" does not exist', 0, "error");
  Object.assign(error, { severity: "ERROR", code: "42703", hint: "Perhaps you meant a.", position: "15" });
  expect(formatSqlError(error, "select '🚀',\n  b from t")).toStrictEqual([
    'ERROR:  column "b" does not exist',
    "LINE 2:   b from t",
    "          ^",
    "HINT:  Perhaps you meant a.",
    "SQLSTATE: 42703",
  ]);
});
