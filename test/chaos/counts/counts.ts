import type { Evidence, Finding } from "../evidence.ts";
import {
  claimsOfHeldJobs,
  effectsNotOnce,
  finishedTasksRunAgain,
  finishedTwice,
  staleWritesAccepted,
  startedOutOfOrder,
  startedTwiceInOneClaim,
} from "./completions.ts";
import { attemptsMiscounted, innocentJobsFailed, unplannedFailures } from "./failures.ts";
import { jobsLost, jobsNotFinal, plansNotWhole, violations } from "./jobs.ts";
import { badStops, workersGone } from "./processes.ts";

/** A count that must be 0, with a finding for each case. */
export interface Count {
  readonly name: string;
  readonly findings: readonly Finding[];
}

const COUNTED: readonly (readonly [string, (evidence: Evidence) => Finding[]])[] = [
  ["jobs lost", jobsLost],
  ["jobs not final 60 s after the last fault", jobsNotFinal],
  ["finished tasks run again", finishedTasksRunAgain],
  ["tasks begun twice in one claim", startedTwiceInOneClaim],
  ["tasks of which two ends were accepted", finishedTwice],
  ["stale writes accepted", staleWritesAccepted],
  ["claims that took a held job", claimsOfHeldJobs],
  ["transaction effects not exactly once", effectsNotOnce],
  ["tasks begun before the task before was durable", startedOutOfOrder],
  ["plans not whole", plansNotWhole],
  ["rows in ratchet.violations", violations],
  ["innocent jobs failed by another's death", innocentJobsFailed],
  ["failures that no plan asked for", unplannedFailures],
  ["tries counted wrongly", attemptsMiscounted],
  ["workers that ended by themselves", workersGone],
  ["workers that did not stop as told", badStops],
];

/** Every count that must be 0. */
export function countAll(evidence: Evidence): Count[] {
  return COUNTED.map(([name, count]) => ({ name, findings: count(evidence) }));
}
