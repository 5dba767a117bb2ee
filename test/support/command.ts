import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { SCHEMA_SETTINGS } from "./schemas.ts";
import { waitUntil } from "./waiting.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const RATCHET = [process.execPath, "--conditions=ratchet-source", MAIN] as const;

/** A running `ratchet …`. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: () => string;
  /** What it has printed to standard error so far. */
  readonly errors: () => string;
  /** Waits until the output holds `text`; fails at once if the command ends before. */
  readonly printed: (text: string | RegExp) => Promise<void>;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts `ratchet` with settings of its own; nothing of this process' `DATABASE_URL`, `RATCHET_…`, npm script or wishes
 * about colours, which Node comments on, is passed on.
 */
export function startCommand(commandLine: readonly string[], settings: NodeJS.ProcessEnv): RunningCommand {
  const [node, ...program] = RATCHET;
  return start(node, [...program, ...commandLine], settings, "ignore");
}

/** Starts `program`, which starts `ratchet` in its turn, with an open standard input. */
export function startThrough(
  program: string,
  argumentsFor: (ratchet: readonly string[]) => readonly string[],
  settings: NodeJS.ProcessEnv,
): RunningCommand {
  return start(program, argumentsFor(RATCHET), settings, "pipe");
}

function start(
  program: string,
  commandLine: readonly string[],
  settings: NodeJS.ProcessEnv,
  stdin: "ignore" | "pipe",
): RunningCommand {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:DATABASE_URL$|RATCHET_|GRAPHILE_WORKER_SCHEMA$|npm_|NO_COLOR$|FORCE_COLOR$|NODE_OPTIONS$)/v.test(name),
  );
  const child = spawn(program, commandLine, {
    cwd: PROJECT,
    env: { ...Object.fromEntries(inherited), ...SCHEMA_SETTINGS, ...settings },
    stdio: [stdin, "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  let isEnded = false;
  const ended = once(child, "close").then(([code, signal]: unknown[]) => {
    isEnded = true;
    return (code ?? signal) as number | NodeJS.Signals;
  });
  return {
    child,
    output: () => output,
    errors: () => errors,
    printed: async (text) => {
      const isThere = () => (typeof text === "string" ? output.includes(text) : text.test(output));
      await waitUntil(() => isThere() || isEnded, {
        what: () => `${String(text)} in:\n${output}${errors}`,
      });
      if (!isThere()) {
        throw new Error(`The command ended before it printed ${String(text)}:\n${output}${errors}`);
      }
    },
    ended,
  };
}

/** Runs `ratchet` to its end. */
export async function runCommand(commandLine: readonly string[], settings: NodeJS.ProcessEnv) {
  const command = startCommand(commandLine, settings);
  const exit = await command.ended;
  return { exit, output: command.output(), errors: command.errors() };
}
