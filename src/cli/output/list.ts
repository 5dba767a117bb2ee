import { type FittingColumn, fitColumns } from "./fit.ts";
import { formatTable, type TableColumn } from "./table.ts";
import { oneLine, truncate } from "./text.ts";

/** A column of a list; `cut` says that its texts may be shortened to let the table fit. */
export type ListColumn = TableColumn & FittingColumn;

/** How wide a list may be where nothing says otherwise: a file, a pipe. */
const USUAL_WIDTH = 80;

/** A table of single-line cells, at most as wide as `stdout` (80 cells if that is no terminal); what is unknown is empty. */
export function formatList(
  stdout: { readonly columns?: number },
  columns: readonly ListColumn[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = rows.map((row) => row.map(oneLine));
  const widths = fitColumns(columns, lines, stdout.columns ?? USUAL_WIDTH);
  return formatTable(
    columns,
    lines.map((row) => row.map((cell, index) => truncate(cell, widths[index] ?? 0))),
  );
}
