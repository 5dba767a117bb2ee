import { Readable } from "node:stream";

import type { CliContext } from "../../src/cli/context.ts";
import { createPaint } from "../../src/cli/output/paint.ts";
import { runCli } from "../../src/cli/program.ts";
import { resolveConfig } from "../../src/config/config.ts";
import { SCHEMA_SETTINGS } from "./schemas.ts";

/** What a run of a command line goes by. */
export interface CliSettings {
  /** Nothing of this process's environment counts. */
  readonly env?: NodeJS.ProcessEnv;
  /** On standard input. Default: nothing. */
  readonly input?: string;
  /** What stands before a command's name. Default `ratchet`. */
  readonly command?: string;
  /** What the user answers to each question. Default: there is nobody to ask. */
  readonly answer?: string;
  /** How wide the terminal is that errors go to. Default: they go to none. */
  readonly errorColumns?: number;
  /** Where relative folders start. Default: the current folder. */
  readonly folder?: string;
}

/** What a command line printed, and its exit status. */
export interface CliRun {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
}

/** A context for tests, 80 columns wide and without colours, that writes to `seen`. */
export function createTestContext(
  seen: { out: string; err: string; exitCode: number },
  { env, input = "", command = "ratchet", answer, errorColumns, folder = process.cwd() }: CliSettings = {},
): CliContext {
  return {
    print: (...lines) => {
      seen.out += lines.map((line) => `${line}\n`).join("");
    },
    remark: (...lines) => {
      seen.err += lines.map((line) => `${line}\n`).join("");
    },
    stdin: Readable.from([input]),
    stdout: { columns: 80 } as NodeJS.WriteStream,
    paint: createPaint(false),
    errorPaint: createPaint(false),
    errorColumns,
    canRedraw: false,
    ask:
      answer === undefined
        ? undefined
        : (question) => {
            seen.err += `${question}\n`;
            return Promise.resolve(answer);
          },
    command,
    config: () => resolveConfig({ environment: { ...SCHEMA_SETTINGS, ...env }, projectFolder: folder }),
    exitWith: (code) => {
      seen.exitCode = code;
    },
  };
}

/** Runs a command line in this process, as `ratchet …` does. */
export async function runRatchet(commandLine: readonly string[], settings: CliSettings = {}): Promise<CliRun> {
  const seen = { out: "", err: "", exitCode: 0 };
  await runCli(commandLine, createTestContext(seen, settings));
  return seen;
}
