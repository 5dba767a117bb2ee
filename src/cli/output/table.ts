import { pad, textWidth } from "./text.ts";

/** One column of {@link formatTable}. */
export interface TableColumn {
  readonly title: string;
  /** Default: left. */
  readonly align?: "left" | "right";
}

/** How a missing value is shown, unlike an empty text. */
const NULL_MARK = "NULL";

/**
 * Rows as psql prints them: titles, a rule, aligned cells. A value of several lines goes on below, each line but its
 * last marked with `+`. `null` is shown as `NULL`. Every line is free of spaces at its end.
 */
export function formatTable(columns: readonly TableColumn[], rows: readonly (readonly (string | null)[])[]): string[] {
  const cells = rows.map((row) => columns.map((_, index) => cellLines(row[index] ?? null)));
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...cells.map((row) => Math.max(...(row[index] ?? []).map(textWidth)))),
  );
  const header = columns.map((column, index) => ` ${pad(column.title, widths[index] ?? 0)} `).join("|");
  const rule = widths.map((width) => "-".repeat(width + 2)).join("+");
  const body = cells.flatMap((row) => {
    const height = Math.max(1, ...row.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      columns
        .map((column, index) => {
          const lines = row[index] ?? [];
          const mark = line < lines.length - 1 ? "+" : " ";
          return ` ${pad(lines[line] ?? "", widths[index] ?? 0, column.align)}${mark}`;
        })
        .join("|"),
    );
  });
  return [header, rule, ...body].map((line) => line.trimEnd());
}

function cellLines(value: string | null): string[] {
  if (value === null) {
    return [NULL_MARK];
  }
  return value.split(/\r?\n/v).map((line) => line.replaceAll("\t", "    ").replaceAll(/\p{Cc}/gv, "�"));
}
