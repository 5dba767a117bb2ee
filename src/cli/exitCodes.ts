import type { RatchetErrorCode } from "../errors/catalogue.ts";

/** The exit statuses of `ratchet` and what they mean; `--help` prints this table. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: "done; for --watch and up --exit: the job is COMPLETED" },
  unexpected: { code: 1, meaning: "something unforeseen went wrong" },
  usage: {
    code: 2,
    meaning:
      "a wrong option, argument, setting or payload, or a question that was not answered with yes; nothing was done",
  },
  refused: { code: 3, meaning: "the database or Ratchet refused the order (an SQL error, an unknown job …)" },
  database: { code: 4, meaning: "no usable database: unreachable, too old, not migrated, missing rights" },
  machine: {
    code: 5,
    meaning: "a taken port, a folder that cannot be written, a package that is not installed, an old Node",
  },
  jobNotCompleted: { code: 6, meaning: "the watched job ended FAILED or CANCELLED" },
  problem: { code: 7, meaning: "doctor found a problem; with --strict: or something to look at" },
  interrupted: {
    code: 130,
    meaning: "interrupted before the watched job was final; asked to end twice: 128 + the signal's number",
  },
} as const;

const BY_ERROR: Partial<Record<RatchetErrorCode, keyof typeof EXIT_CODES>> = {
  RT002: "usage",
  RT006: "usage",
  RT101: "database",
  RT102: "database",
  RT103: "database",
  RT104: "machine",
  RT105: "machine",
  RT106: "database",
  RT107: "database",
  RT108: "database",
  RT109: "database",
  RT110: "usage",
  RT118: "usage",
  RT124: "database",
  RT131: "machine",
  RT149: "database",
};

/** The exit status for one of Ratchet's own errors. */
export function exitCodeFor(code: RatchetErrorCode): number {
  return EXIT_CODES[BY_ERROR[code] ?? "refused"].code;
}

/** One line per exit status, for `ratchet --help`. */
export function describeExitCodes(): string[] {
  return Object.values(EXIT_CODES).map(({ code, meaning }) => `${String(code).padStart(3)}  ${meaning}`);
}
