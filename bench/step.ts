import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { RunOptions } from "./peer.ts";

/** What can be asked of a peer in a process of its own. */
export type Step = "prepare" | "drain" | "one" | "serial" | "concurrent" | "bulk";

/** What a step's process prints: one line of JSON. */
export interface StepAnswer<Result> {
  readonly result: Result;
  /** Processor time of that process during the step, user and system. */
  readonly nodeCpuMs: number;
}

const LONGEST_STEP_MS = 600_000;

/**
 * Runs one step of a peer in a fresh process.
 * @throws with the end of what it wrote to standard error, if it fails or takes ten minutes.
 */
export function runStep<Result>(peer: string, step: Step, options: RunOptions): Promise<StepAnswer<Result>> {
  return startProgram<StepAnswer<Result>>("run.ts", [peer, step, JSON.stringify(options)]).answer;
}

/** A program that runs; `end` closes its standard input, for one that goes on until then. */
export interface RunningProgram<Answer> {
  readonly answer: Promise<Answer>;
  end(): void;
}

/** Starts a program of `bench/` in a process of its own. Its answer is the last line it prints, which is JSON. */
export function startProgram<Answer>(program: string, args: readonly string[]): RunningProgram<Answer> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=ratchet-source",
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, program),
      ...args,
    ],
    { stdio: ["pipe", "pipe", "pipe"], timeout: LONGEST_STEP_MS, killSignal: "SIGKILL" },
  );
  function kill(): void {
    child.kill("SIGKILL");
  }
  process.once("exit", kill);
  async function read(): Promise<Answer> {
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    process.off("exit", kill);
    const line = output.trimEnd().split("\n").at(-1) ?? "";
    if (child.exitCode !== 0 || !line.startsWith("{")) {
      throw new Error(
        `${program} ${args.slice(0, 2).join(" ")} ended with ${child.exitCode ?? child.signalCode ?? "nothing"}: ${errors.slice(-2000)}${output.slice(-500)}`,
      );
    }
    return JSON.parse(line) as Answer;
  }
  return {
    answer: read(),
    end() {
      child.stdin.end();
    },
  };
}
