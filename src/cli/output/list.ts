import { type FittingColumn, fitColumns } from "./fit.ts";
import { formatTable, type TableColumn } from "./table.ts";
import { oneLine, truncate } from "./text.ts";

/** A column of a list; `cut`: its texts may be shortened to let the table fit. */
export interface ListColumn extends TableColumn, FittingColumn {
  /** Left out if no row has anything in it. Default: false. */
  readonly optional?: boolean | undefined;
}

/** How wide a list may be where nothing says otherwise: a file, a pipe. */
const USUAL_WIDTH = 80;

/** A table of single-line cells, at most as wide as `stdout` (80 cells if that is no terminal); what is unknown is empty. */
export function formatList(
  stdout: { readonly columns?: number },
  columns: readonly ListColumn[],
  rows: readonly (readonly string[])[],
): string[] {
  const isShown = (index: number): boolean =>
    columns[index]?.optional !== true || rows.some((row) => row[index] !== "");
  const shown = columns.filter((_, index) => isShown(index));
  const lines = rows.map((row) => row.filter((_, index) => isShown(index)).map(oneLine));
  const widths = fitColumns(shown, lines, stdout.columns ?? USUAL_WIDTH);
  return formatTable(
    shown,
    lines.map((row) => row.map((cell, index) => truncate(cell, widths[index] ?? 0))),
  );
}
