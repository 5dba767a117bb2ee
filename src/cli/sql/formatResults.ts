import type pg from "pg";

import { formatTable } from "../output/table.ts";
import { textWidth } from "../output/text.ts";
import type { StatementResult } from "./runStatements.ts";

// int8, int2, int4, oid, float4, float8, money, numeric
const NUMBER_TYPES = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);
// json, jsonb, and bool: with the numbers above, what JSON has a notation for.
const JSON_TYPES = new Set([114, 3802]);
const BOOLEAN_TYPE = 16;
// Without int8, money and numeric, whose values JSON readers would round.
const JSON_NUMBER_TYPES = new Set([21, 23, 26, 700, 701]);

/** What a person sees of a result: a table with the number of rows, or the command with what it touched. */
export function formatResult(result: StatementResult): string[] {
  if (result.columns.length === 0) {
    const tag = [result.command, result.rowCount ?? ""].join(" ").trim();
    return tag === "" ? [] : [tag];
  }
  const columns = result.columns.map(({ name, typeId }) => ({
    title: name,
    align: NUMBER_TYPES.has(typeId) ? ("right" as const) : ("left" as const),
  }));
  const count = result.rows.length === 1 ? "(1 row)" : `(${result.rows.length} rows)`;
  const touched = result.command === "SELECT" ? [] : [[result.command, result.rowCount ?? ""].join(" ").trim()];
  return [...formatTable(columns, result.rows), count, ...touched];
}

/**
 * What a program gets: one line of JSON per statement, an array of its rows, or `{ command, rowCount }` for one without
 * rows. bigint and numeric stay texts, so that nobody rounds them; a column name that comes twice gets a number.
 */
export function formatResultAsJson(result: StatementResult): string {
  if (result.columns.length === 0) {
    return JSON.stringify({ command: result.command, rowCount: result.rowCount });
  }
  const names = uniqueNames(result.columns.map(({ name }) => name));
  return JSON.stringify(
    result.rows.map((row) =>
      Object.fromEntries<unknown>(
        row.map((value, index) => [names[index] ?? "", toJson(value, result.columns[index]?.typeId ?? 0)]),
      ),
    ),
  );
}

/**
 * What Postgres said about a statement it refused, as psql prints it: severity and message, SQLSTATE, the line with a mark
 * under the place, detail, hint, where.
 */
export function formatSqlError(error: pg.DatabaseError, sql: string): string[] {
  return [
    `${error.severity ?? "ERROR"}:  ${error.message}`,
    ...placeOf(error, sql),
    ...labelled("DETAIL", error.detail),
    ...labelled("HINT", error.hint),
    ...labelled("CONTEXT", error.where),
    `SQLSTATE: ${error.code ?? "unknown"}`,
  ];
}

function placeOf(error: pg.DatabaseError, sql: string): string[] {
  const position = Number(error.position ?? 0);
  if (position < 1) {
    return [];
  }
  const before = sql.slice(0, unitsOf(sql, position - 1));
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = sql.slice(lineStart).split("\n", 1)[0] ?? "";
  const label = `LINE ${before.split("\n").length}: `;
  return [`${label}${line}`, `${" ".repeat(label.length + textWidth(before.slice(lineStart)))}^`];
}

/** How many UTF-16 units the first `count` characters take: Postgres counts characters. */
function unitsOf(text: string, count: number): number {
  let units = 0;
  for (let index = 0; index < count && units < text.length; index++) {
    units += String.fromCodePoint(text.codePointAt(units) ?? 0).length;
  }
  return units;
}

function labelled(label: string, text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : [`${label}:  ${text}`];
}

function toJson(value: string | null, typeId: number): unknown {
  if (value === null) {
    return null;
  }
  if (JSON_TYPES.has(typeId)) {
    return JSON.parse(value) as unknown;
  }
  if (typeId === BOOLEAN_TYPE) {
    return value === "t";
  }
  const number = Number(value);
  // NaN and infinity are floats to Postgres and nothing to JSON.
  return JSON_NUMBER_TYPES.has(typeId) && Number.isFinite(number) ? number : value;
}

function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}
