import { createLogUpdate } from "log-update";

/** Cells that a block of lines may take. */
export interface BlockSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines on a terminal that are redrawn in place. */
export interface LiveBlock {
  readonly draw: () => void;
  /** Draws a last time and leaves the lines where they are. */
  readonly end: () => void;
}

/**
 * Redraws what `render` gives, every `everyMs`, whenever the terminal has another size, and when asked to.
 * @param render gives the lines for that size, which they must keep to; null if there is nothing to show yet.
 */
export function createLiveBlock(
  stdout: NodeJS.WriteStream,
  render: (size: BlockSize) => readonly string[] | null,
  everyMs: number,
): LiveBlock {
  const update = createLogUpdate(stdout);
  const draw = (): void => {
    // One cell and one line stay free, so that no terminal wraps or scrolls.
    const lines = render({
      columns: Math.max(1, (stdout.columns ?? 80) - 1),
      rows: Math.max(1, (stdout.rows ?? 24) - 1),
    });
    if (lines !== null) {
      update(lines.join("\n"));
    }
  };
  const timer = setInterval(draw, everyMs);
  stdout.on("resize", draw);
  return {
    draw,
    end: () => {
      clearInterval(timer);
      stdout.off("resize", draw);
      draw();
      // Shows the cursor again.
      update.done();
    },
  };
}
