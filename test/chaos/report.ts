import { availableParallelism, totalmem } from "node:os";

import type { Count } from "./counts/counts.ts";
import { isOrphaned, isRefusedByServer } from "./counts/failures.ts";
import { type Spread, cancelTimes, hitsByClass, rescueTimes, staleWritesRefused } from "./counts/measures.ts";
import type { Evidence } from "./evidence.ts";
import type { ChaosOptions } from "./options.ts";
import { storyOf } from "./story.ts";

const MOST_STORIES = 3;
const MOST_FINDINGS = 10;

/** A run that is over. */
export interface RunResult {
  readonly options: ChaosOptions;
  readonly evidence: Evidence;
  readonly counts: readonly Count[];
  readonly classes: readonly string[];
  readonly impossible: readonly string[];
  readonly versions: { readonly ratchet: string; readonly postgres: string };
  readonly tookMs: number;
  readonly finalAfterMs: number | null;
  readonly logLines: {
    readonly most: number;
    readonly perFault: number;
    readonly frequent: readonly [string, number][];
  };
}

/** The report in markdown. */
export function describeRun(result: RunResult): string {
  const { options, evidence, counts, classes, impossible, versions } = result;
  const tasksRun = evidence.entries.filter(({ event }) => event === "start").length;
  const hits = hitsByClass(evidence, classes);
  const faults = hits.reduce((sum, { strikes }) => sum + strikes, 0);
  const rescues = rescueTimes(evidence);
  const cancels = cancelTimes(evidence);
  const refused = evidence.failures.filter((failure) => isRefusedByServer(failure, evidence)).length;
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  return [
    `Command: \`${commandOf(options)}\``,
    "",
    `Ratchet ${versions.ratchet}, Postgres ${versions.postgres}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${memoryGb} GB. ` +
      `Four workers of 10 jobs each; about ${options.unfinished} jobs unfinished at any time; seed ${options.seed}, ${options.seconds} s of faults.`,
    "",
    "| run | |",
    "| --- | --- |",
    row("jobs added", evidence.load.added.size),
    row("tasks run (handlers begun)", tasksRun),
    row("faults that hit running tasks", faults),
    row("processes killed", evidence.fleet.kills.length),
    row("claims lost, their writes refused", staleWritesRefused(evidence)),
    row("tries of transaction tasks that a full disk or a read-only server failed", refused),
    row("tries that a worker's death ended", evidence.failures.filter(isOrphaned).length),
    row("of these, counted", evidence.failures.filter((failure) => failure.counted && isOrphaned(failure)).length),
    row(
      "all jobs final after the last fault",
      result.finalAfterMs === null ? "no" : `${(result.finalAfterMs / 1000).toFixed(1)} s`,
    ),
    row("killed to free for others, per job", spread(rescues.freed)),
    row("the same, Postgres undisturbed", spread(rescues.freedUndisturbed)),
    row("killed to running elsewhere, per job", spread(rescues.all)),
    row("the same, Postgres undisturbed", spread(rescues.undisturbed)),
    row("cancelled to the handler's signal", spread(cancels.all)),
    row("the same, worker and Postgres undisturbed", spread(cancels.undisturbed)),
    row("log lines (warn and above) per fault", result.logLines.perFault.toFixed(1)),
    row("most such lines of one process in 10 s", result.logLines.most),
    "",
    "| must be 0 | |",
    "| --- | --- |",
    ...counts.map(({ name, findings }) => row(name, findings.length === 0 ? 0 : `**${findings.length}**`)),
    "",
    "| fault | times | running tasks hit |",
    "| --- | --- | --- |",
    ...hits.map(({ name, strikes, tasks }) => `| ${name} | ${strikes} | ${tasks} |`),
    ...impossible.map((name) => `| ${name} | not possible here | |`),
    "",
  ].join("\n");
}

/** What shows the counts that are not 0, and how to see them again. */
export function describeFindings({ options, evidence, counts, logLines }: RunResult): string[] {
  const frequent = logLines.frequent.map(([text, times]) => `  ${times} × ${text}`);
  const found = counts.filter(({ findings }) => findings.length > 0);
  const troubles = [
    ...Map.groupBy(
      evidence.strikes.filter(({ error }) => error !== null),
      ({ name, error }) => `${name}: ${error}`,
    ),
  ].map(([text, strikes]) => `  ${strikes.length} × ${text}`);
  const told = found.flatMap(({ name, findings }) => {
    const jobs = [...new Set(findings.flatMap(({ jobId }) => (jobId === null ? [] : [jobId])))];
    return [
      "",
      `${name}: ${findings.length}`,
      ...findings
        .slice(0, MOST_FINDINGS)
        .map(({ jobId, text }) => `  ${jobId === null ? "" : `job ${jobId}: `}${text}`),
      ...jobs.slice(0, MOST_STORIES).flatMap((jobId) => storyOf(evidence, jobId)),
    ];
  });
  return [
    ...(frequent.length > 0 ? ["Log lines, warn and above:", ...frequent] : []),
    ...(troubles.length > 0 ? ["Faults that could not do what they were to do:", ...troubles] : []),
    ...told,
    ...(found.length > 0 ? ["", `To repeat: ${commandOf(options)}`] : []),
  ];
}

function commandOf({ seed, seconds, hits, without, only, unfinished, isDefaultLoad }: ChaosOptions): string {
  return [
    `npm run chaos -- --seed ${seed} --seconds ${seconds}`,
    ...(hits === 0 ? [] : [`--hits ${hits}`]),
    ...(isDefaultLoad ? [] : [`--jobs ${unfinished}`]),
    ...(without === null ? [] : [`--without ${without}`]),
    ...(only ?? []).map((text) => `--only "${text}"`),
  ].join(" ");
}

function row(what: string, value: number | string): string {
  return `| ${what} | ${typeof value === "number" ? value.toLocaleString("en") : value} |`;
}

function spread({ cases, medianMs, p99Ms, maxMs }: Spread): string {
  return cases === 0 ? "none" : `${cases} times: p50 ${medianMs} ms, p99 ${p99Ms} ms, max ${maxMs} ms`;
}
