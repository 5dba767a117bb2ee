import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

import { type RunningCommand, startThrough } from "./command.ts";
import { findScript } from "./programs.ts";

/** What makes terminals here, or null. */
export const scriptProgram = findScript();

// It is CommonJS whose names Node does not find.
const { Terminal } = createRequire(import.meta.url)("@xterm/headless") as typeof import("@xterm/headless");

/** Cells of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A `ratchet …` at a terminal. */
export interface TerminalCommand extends RunningCommand {
  /** The lines that somebody before the terminal sees now, without what is empty at their ends. */
  readonly screen: () => readonly string[];
  /** Whether the cursor is to be seen. */
  readonly hasCursor: () => boolean;
  /** Sends keys as they are typed; see {@link KEYS}. */
  readonly type: (keys: string) => void;
  /** Gives the terminal another size, of which the command is told by a signal. */
  readonly resize: (size: TerminalSize) => void;
}

const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The cursor's number among the modes of a DEC terminal (DECTCEM). */
const CURSOR_MODE = 25;

/** Keys that are no letters. */
export const KEYS = { enter: "\r", ctrlC: "\u0003", ctrlD: "\u0004" } as const;

/**
 * Starts `ratchet` as somebody at a terminal does: `script` makes the pseudo-terminal, xterm.js its screen.
 * @param redirection goes behind the command line, such as `>/dev/null`.
 */
export async function startAtTerminal(
  commandLine: readonly string[],
  settings: NodeJS.ProcessEnv,
  { columns, rows }: TerminalSize = USUAL_SIZE,
  redirection = "",
): Promise<TerminalCommand> {
  // The terminal begins without a size, and the command is to see the right one at its start.
  const shell = `tty && stty cols ${columns} rows ${rows} && exec "$@" ${redirection}`;
  const command = startThrough(
    scriptProgram ?? "",
    (ratchet) => [
      "--quiet",
      "--return",
      "--flush",
      "--command",
      ["sh", "-c", shell, "sh", ...ratchet, ...commandLine].map(quoted).join(" "),
      "/dev/null",
    ],
    { TERM: "xterm-256color", SHELL: "/bin/sh", ...settings },
  );
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  let hasCursor = true;
  const noteCursor =
    (isShown: boolean) =>
    ([mode]: (number | number[])[]): boolean => {
      hasCursor = mode === CURSOR_MODE ? isShown : hasCursor;
      return false;
    };
  terminal.parser.registerCsiHandler({ prefix: "?", final: "h" }, noteCursor(true));
  terminal.parser.registerCsiHandler({ prefix: "?", final: "l" }, noteCursor(false));
  await command.printed(/^\/dev\/\S+\r\n/v);
  const [device = ""] = command.output().split("\r\n", 1);
  let read = device.length + 2;
  const output = () => command.output().slice(device.length + 2);
  const draw = () => {
    terminal.write(command.output().slice(read));
    read = command.output().length;
  };
  draw();
  command.child.stdout?.on("data", draw);
  return {
    ...command,
    output,
    screen: () => {
      const { active } = terminal.buffer;
      const lines = Array.from(
        { length: terminal.rows },
        (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? "",
      );
      return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
    },
    hasCursor: () => hasCursor,
    type: (keys) => {
      command.child.stdin?.write(keys);
    },
    resize: (size) => {
      terminal.resize(size.columns, size.rows);
      execFileSync("stty", ["-F", device, "cols", String(size.columns), "rows", String(size.rows)]);
    },
  };
}

/** Quotes a word for `sh`. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
