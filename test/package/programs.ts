import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";

import { waitUntil } from "../support/waiting.ts";

/** How a program that a test runs has ended. */
export interface Finished {
  /** Its exit status, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals;
  /** What it printed to standard output and standard error, as it came. */
  readonly output: string;
}

/** A program that runs. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Waits until the output holds `text`; fails at once if the program ends before. */
  readonly printed: (text: string) => Promise<void>;
  readonly ended: Promise<Finished>;
}

/** Where a program runs and what its environment has beside that of a plain shell. */
export interface ProgramPlace {
  readonly folder: string;
  readonly settings?: NodeJS.ProcessEnv | undefined;
  /** The system user to run as; only root can choose. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Starts a program as a user would in a shell of their own: `node` is the one that runs the tests, and nothing of the repository is on the path. */
export function startProgram(commandLine: readonly [string, ...string[]], place: ProgramPlace): RunningProgram {
  const [program, ...parameters] = commandLine;
  const child = spawn(program, parameters, {
    cwd: place.folder,
    ...(place.uid !== undefined && { uid: place.uid, gid: place.gid }),
    env: { ...plainEnvironment(), ...place.settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let isEnded = false;
  function keep(text: string): void {
    output += text;
  }
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const ended = once(child, "close").then(([code, signal]: unknown[]) => {
    isEnded = true;
    return { exit: (code ?? signal) as Finished["exit"], output };
  });
  return {
    child,
    output: () => output,
    printed: async (text) => {
      await waitUntil(() => isEnded || output.includes(text), { what: () => `${text} in:\n${output}` });
      if (!output.includes(text)) {
        throw new Error(`${commandLine.join(" ")} ended before it printed ${text}:\n${output}`);
      }
    },
    ended,
  };
}

/** Runs a program to its end. */
export async function runProgram(commandLine: readonly [string, ...string[]], place: ProgramPlace): Promise<Finished> {
  return startProgram(commandLine, place).ended;
}

/** Runs a program to its end, which must be a good one, and gives what it printed. */
export async function outputOf(commandLine: readonly [string, ...string[]], place: ProgramPlace): Promise<string> {
  const { exit, output } = await runProgram(commandLine, place);
  if (exit !== 0) {
    throw new Error(`${commandLine.join(" ")} ended with ${exit}:\n${output}`);
  }
  return output;
}

/** npm's settings stay, since the registry may be among them. */
const NOT_PASSED_ON =
  /^(?:DATABASE_URL|PG|RATCHET_|GRAPHILE_|VITEST|NODE_|TEST$|DEV$|PROD$|SSR$|MODE$|npm_(?:package|lifecycle|command|execpath|config_local_prefix)|INIT_CWD|NO_COLOR|FORCE_COLOR|NO_LOG)/v;

function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_PASSED_ON.test(name));
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), ...folders].join(delimiter) };
}
