import { parseArgs } from "node:util";

import { MUTATIONS, type Mutation } from "./mutations.ts";

const DEFAULT_UNFINISHED = 100;
const IDLE_UNFINISHED = 12;
const DEFAULT_SECONDS = 60;

/** What a run is asked for. */
export interface ChaosOptions {
  readonly seed: number;
  /** How long faults go on. */
  readonly seconds: number;
  /** How often each class of faults has to hit running tasks; for that the run takes up to four times as long. */
  readonly hits: number;
  /** Jobs that are unfinished at any time. */
  readonly unfinished: number;
  readonly isDefaultLoad: boolean;
  /** Where the report goes besides standard output. */
  readonly report: string | null;
  /** What is taken out of Ratchet. */
  readonly without: Mutation | null;
  /** Parts of the names of the classes to use; `null`: all, or those that show soonest what was taken out. */
  readonly only: readonly string[] | null;
  /** Leaves the folder with ledgers and logs behind. */
  readonly keep: boolean;
}

/** Reads a command line; throws with what is wrong about it. */
export function readOptions(commandLine: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      seed: { type: "string", default: "1" },
      seconds: { type: "string", default: String(DEFAULT_SECONDS) },
      hits: { type: "string", default: "0" },
      jobs: { type: "string" },
      report: { type: "string" },
      without: { type: "string" },
      only: { type: "string", multiple: true },
      keep: { type: "boolean", default: false },
    },
  });
  return {
    seed: wholeNumber("seed", values.seed),
    seconds: wholeNumber("seconds", values.seconds),
    hits: wholeNumber("hits", values.hits),
    unfinished: values.jobs === undefined ? defaultLoad(values.without) : wholeNumber("jobs", values.jobs),
    isDefaultLoad: values.jobs === undefined,
    report: values.report ?? null,
    without: values.without === undefined ? null : mutationOf(values.without),
    only: values.only ?? null,
    keep: values.keep,
  };
}

/** Claims of one job meet where workers have nothing else to do. */
function defaultLoad(without: string | undefined): number {
  return without === "reread" ? IDLE_UNFINISHED : DEFAULT_UNFINISHED;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/v.test(text)) {
    throw new Error(`--${name} takes a whole number, not "${text}".`);
  }
  return Number(text);
}

function mutationOf(text: string): Mutation {
  const mutation = MUTATIONS.find((each) => each === text);
  if (mutation === undefined) {
    throw new Error(`--without takes one of ${MUTATIONS.join(", ")}, not "${text}".`);
  }
  return mutation;
}
