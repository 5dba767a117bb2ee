/** How bad a finding is; the last one is the worst. */
export const LEVELS = ["ok", "warning", "problem"] as const;

/** See {@link LEVELS}. `warning`: works, but look at it. `problem`: something does not work or will not. */
export type Level = (typeof LEVELS)[number];

/** One thing that `ratchet doctor` looked at. */
export interface Finding {
  /** A stable name for programs, such as `workers`. */
  readonly check: string;
  readonly level: Level;
  /** What is, with its values. */
  readonly message: string;
  /** What to do; absent if nothing is to be done. */
  readonly advice?: string | undefined;
}

/** The worst level among findings; `ok` if there are none. */
export function worstOf(findings: readonly Finding[]): Level {
  return LEVELS.findLast((wanted) => findings.some(({ level }) => level === wanted)) ?? "ok";
}
