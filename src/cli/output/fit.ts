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
  let excess = widths.reduce((sum, each) => sum + each + FRAME, -1) - width;
  while (excess > 0) {
    const widest = widths.reduce<number | undefined>(
      (found, each, index) =>
        columns[index]?.cut === true && each > NARROWEST && each > (found === undefined ? 0 : (widths[found] ?? 0))
          ? index
          : found,
      undefined,
    );
    if (widest === undefined) {
      break;
    }
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return widths;
}
