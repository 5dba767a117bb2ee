import { type Config, loadConfig } from "../config/config.ts";
import { commandPrefix } from "../config/commandPrefix.ts";
import { canRedraw, wantsColour } from "../config/terminal.ts";
import { type Ask, createAsk } from "./ask.ts";
import { createPaint, type Paint } from "./output/paint.ts";

/** What a command needs of the world; tests give their own. */
export interface CliContext {
  /** Prints lines to standard output. */
  readonly print: (...lines: readonly string[]) => void;
  /** Prints lines to standard error: remarks that are not the command's result. */
  readonly remark: (...lines: readonly string[]) => void;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WriteStream;
  /** Colours for standard output. */
  readonly paint: Paint;
  /** Colours for standard error. */
  readonly errorPaint: Paint;
  /** How wide the terminal of standard error is; undefined if it is none. */
  readonly errorColumns: number | undefined;
  /** Whether standard output can be redrawn in place. */
  readonly canRedraw: boolean;
  /** Asks the user; undefined where nobody sits at a terminal. */
  readonly ask: Ask | undefined;
  /** What stands before a command's name when the user types it, such as `ratchet`. */
  readonly command: string;
  /** Reads the settings; throws RatchetError RT110. */
  readonly config: () => Config | Promise<Config>;
  /** Sets the status that the process will exit with. */
  readonly exitWith: (code: number) => void;
}

/** The context of the real process. */
export function createContext(): CliContext {
  return {
    print: (...lines) => {
      writeLines(process.stdout, lines);
    },
    remark: (...lines) => {
      writeLines(process.stderr, lines);
    },
    stdin: process.stdin,
    stdout: process.stdout,
    paint: createPaint(wantsColour(process.stdout)),
    errorPaint: createPaint(wantsColour(process.stderr)),
    errorColumns: process.stderr.isTTY ? process.stderr.columns : undefined,
    canRedraw: canRedraw(process.stdout),
    ask: createAsk(process.stdin, process.stderr),
    command: commandPrefix(),
    config: () => loadConfig(),
    exitWith: (code) => {
      process.exitCode = code;
    },
  };
}

function writeLines(stream: NodeJS.WritableStream, lines: readonly string[]): void {
  if (lines.length > 0) {
    stream.write(`${lines.join("\n")}\n`);
  }
}
