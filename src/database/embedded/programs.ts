import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import path from "node:path";

import type { Placement } from "./placement.ts";

/** Lines of output shown when a program fails. */
const SHOWN_LINES = 12;

/** A server that has been started. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** Resolves with how it ended, e.g. `status 1`, once it has. */
  readonly ended: Promise<string>;
}

/** Starts a program that may outlive us, its output going to an open file. */
export function spawnServer(
  program: string,
  programArguments: readonly string[],
  { placement, outputDescriptor }: { placement: Placement; outputDescriptor: number },
): ServerProcess {
  const child = spawn(program, programArguments, {
    ...spawnOptions(placement),
    stdio: ["ignore", outputDescriptor, outputDescriptor],
  });
  child.unref();
  return { pid: child.pid, ended: endOf(child, "exit") };
}

/** Runs a program to its end. Throws with its last lines of output if that is not a success. */
export async function runToEnd(
  program: string,
  programArguments: readonly string[],
  placement: Placement,
): Promise<void> {
  const child = spawn(program, programArguments, { ...spawnOptions(placement), stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output.push(text);
    });
  }
  const end = await endOf(child, "close");
  if (end !== "status 0") {
    throw programFailed(path.basename(program), end, output.join(""));
  }
}

function spawnOptions({ owner }: Placement): SpawnOptions {
  return {
    // Ctrl-C goes to a terminal's whole group; Postgres must outlive our own orderly end.
    detached: true,
    // The server's user may be unable to enter the folder we are in.
    cwd: process.platform === "win32" ? undefined : "/",
    // PGDATA, PGPORT, LD_LIBRARY_PATH and the like must not reach it. Windows programs need some of theirs.
    env: process.platform === "win32" ? undefined : { LC_ALL: "C" },
    ...owner,
  };
}

function endOf(child: ChildProcess, event: "exit" | "close"): Promise<string> {
  return new Promise((resolve) => {
    child.once(event, (status: number | null, signal: string | null) => {
      resolve(signal ?? `status ${status}`);
    });
    child.once("error", (error) => {
      resolve(error.message);
    });
  });
}

/** The error for a program that ended before its time: its last lines of output follow the message. */
export function programFailed(name: string, end: string, output: string): Error {
  const lines = output.trimEnd().split("\n").slice(-SHOWN_LINES);
  return new Error(
    `The embedded Postgres could not start: ${name} ended with ${end}. Its last output:\n${lines.join("\n")}`,
  );
}
