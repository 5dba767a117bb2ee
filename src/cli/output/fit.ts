import { textWidth } from "./text.ts";

/** A column before its width is known. */
export interface FittingColumn {
  readonly title: string;
  /** Whether its texts may be cut. Default: false. */
  readonly cut?: boolean | undefined;
}

// Under this a cut text says nothing any more.
const NARROWEST = 8;
// Around a cell are two spaces, between two cells a bar.
const FRAME = 3;

/**
 * How wide each column may be so that a table of `formatTable` takes at most `width` cells: the widest of those that may be
 * cut give way first, down to 8 cells each. If that is not enough, the table is wider.
 */
export function fitColumns(
  columns: readonly FittingColumn[],
  rows: readonly (readonly (string | null)[])[],
  width: number,
): number[] {
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[index] ?? "NULL"))),
  );
  let excess = tableWidth(widths) - width;
  while (excess > 0) {
    const widest = Math.max(...widths.filter((_, index) => columns[index]?.cut === true));
    if (widest <= NARROWEST) {
      break;
    }
    const index = widths.findIndex((each, at) => each === widest && columns[at]?.cut === true);
    widths[index] = widest - 1;
    excess--;
  }
  return widths;
}

/** How many cells a table takes whose columns take so many. */
export function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + FRAME, -1);
}
