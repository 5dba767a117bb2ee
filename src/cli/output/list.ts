import { type FittingColumn, fitColumns, tableWidth } from "./fit.ts";
import { formatTable, type TableColumn } from "./table.ts";
import { oneLine, truncate } from "./text.ts";

/** A column of a list; `cut`: its texts may be shortened to let the table fit. */
export interface ListColumn extends TableColumn, FittingColumn {
  /** Left out if no row has anything in it. Default: false. */
  readonly optional?: boolean | undefined;
  /** Left out, the last such column first, if the table would not fit otherwise. Default: false. */
  readonly spare?: boolean | undefined;
}

/** How wide a list may be where nothing says otherwise: a file, a pipe. */
export const USUAL_WIDTH = 80;

/** A table of single-line cells, at most as wide as `stdout` (80 cells if that is no terminal); what is unknown is empty. */
export function formatList(
  stdout: { readonly columns?: number },
  columns: readonly ListColumn[],
  rows: readonly (readonly string[])[],
): string[] {
  const isShown = (index: number): boolean =>
    columns[index]?.optional !== true || rows.some((row) => row[index] !== "");
  const wanted = columns.filter((_, index) => isShown(index));
  const all = rows.map((row) => row.filter((_, index) => isShown(index)).map(oneLine));
  const { shown, lines, widths } = fitSpared(wanted, all, stdout.columns ?? USUAL_WIDTH);
  return formatTable(
    shown,
    lines.map((row) => row.map((cell, index) => truncate(cell, widths[index] ?? 0))),
  );
}

function fitSpared(
  columns: readonly ListColumn[],
  lines: readonly (readonly string[])[],
  width: number,
): { shown: readonly ListColumn[]; lines: readonly (readonly string[])[]; widths: readonly number[] } {
  const widths = fitColumns(columns, lines, width);
  const spared = columns.findLastIndex(({ spare }) => spare === true);
  if (tableWidth(widths) <= width || spared === -1) {
    return { shown: columns, lines, widths };
  }
  return fitSpared(
    columns.toSpliced(spared, 1),
    lines.map((line) => line.toSpliced(spared, 1)),
    width,
  );
}
