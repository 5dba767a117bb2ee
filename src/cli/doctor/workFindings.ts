import type { DefinitionOverview } from "../../database/calls/definitionList.ts";
import type { QueueFacts, ViolationCount } from "../../database/calls/diagnosis.ts";
import type { WorkerOverview } from "../../database/calls/workers.ts";
import { countOf } from "../output/text.ts";
import { formatAge, formatSpan } from "../output/time.ts";
import type { Finding } from "./finding.ts";

/** Who runs jobs; `unfinished`: how many jobs wait for somebody. */
export function workersFindings(workers: readonly WorkerOverview[], unfinished: number): Finding[] {
  const alive = workers.filter(({ state }) => state === "alive");
  const silent = workers.filter(({ state }) => state === "silent");
  const findings: Finding[] = [];
  if (alive.length > 0) {
    const running = alive.reduce((sum, worker) => sum + worker.jobs, 0);
    const room = alive.reduce((sum, worker) => sum + worker.concurrency, 0);
    findings.push({
      check: "workers",
      level: "ok",
      message: `${countOf(alive.length, "worker")} alive, running ${running} of ${countOf(room, "job")} at most.`,
    });
  } else {
    findings.push({
      check: "workers",
      level: unfinished > 0 ? "problem" : "warning",
      message: `No worker is alive; ${countOf(unfinished, "job")} unfinished.`,
      advice: "Start one with: ratchet worker",
    });
  }
  for (const worker of silent) {
    const silence = formatAge(worker.now.getTime() - worker.beatAt.getTime());
    findings.push({
      check: "workers",
      level: "warning",
      message: `Worker ${worker.id} (${worker.host}, process ${worker.pid}) has been silent for ${silence}; it holds ${countOf(worker.jobs, "job")}.`,
      advice:
        "If its process runs, look at its log. If it is dead, another live worker takes its jobs over within seconds.",
    });
  }
  for (const worker of workers.filter(({ state }) => state === "dead")) {
    const age = formatAge(worker.now.getTime() - (worker.stoppedAt ?? worker.beatAt).getTime());
    findings.push({
      check: "workers",
      level: "warning",
      message: `Worker ${worker.id} (${worker.host}, process ${worker.pid}) was found dead ${age} ago; its jobs went on elsewhere.`,
      advice: "Look at its log and at what ended its process.",
    });
  }
  const versions = new Set(alive.map(({ version }) => version));
  if (versions.size > 1) {
    findings.push({
      check: "workers",
      level: "warning",
      message: `Workers of different versions run side by side: ${[...versions].toSorted().join(", ")}.`,
      advice: "During a deployment that is as it should be; afterwards restart the old ones.",
    });
  }
  return findings;
}

/** Versions of the definitions in the task folder, by identifier. */
export type FileVersions = ReadonlyMap<string, string>;

/**
 * What is registered against what is in the task folder (`folder`, as people would name it). Without a live worker
 * (`isServed`) it goes without saying that none knows a version.
 */
export function definitionsFindings(
  registered: readonly DefinitionOverview[],
  { files, folder, isServed }: { readonly files: FileVersions; readonly folder: string; readonly isServed: boolean },
): Finding[] {
  const current = new Map(registered.filter(({ isCurrent }) => isCurrent).map((each) => [each.identifier, each]));
  const findings: Finding[] = [];
  for (const [identifier, version] of files) {
    const known = current.get(identifier);
    if (known === undefined) {
      findings.push({
        check: "definitions",
        level: "warning",
        message: `"${identifier}" is in ${folder}, but not registered: it cannot be queued yet.`,
        advice: "Run: ratchet migrate",
      });
    } else if (known.version !== version) {
      findings.push({
        check: "definitions",
        level: "warning",
        message: `"${identifier}" in ${folder} is version ${version}; new jobs are planned by ${known.version}.`,
        advice: "If the file is the newer one: ratchet migrate, and restart the workers.",
      });
    }
  }
  for (const each of registered) {
    if (isServed && each.unfinishedJobs > 0 && each.liveWorkers === 0) {
      findings.push({
        check: "definitions",
        level: "problem",
        message: `No live worker knows version ${each.version} of "${each.identifier}", which ${countOf(each.unfinishedJobs, "unfinished job")} need${each.unfinishedJobs === 1 ? "s" : ""}.`,
        advice: each.isCurrent
          ? "Start a worker that has its task file. One that runs reads the task folder when it starts: restart it."
          : "Start a worker with the old version once more, or cancel those jobs and queue them again.",
      });
    }
  }
  if (findings.length > 0) {
    return findings;
  }
  const elsewhere = [...current.keys()].filter((identifier) => !files.has(identifier)).length;
  const rest = elsewhere === 0 ? "" : `; ${elsewhere} more without a file there`;
  return [
    {
      check: "definitions",
      level: current.size === 0 ? "warning" : "ok",
      message: `${countOf(current.size - elsewhere, "definition")} in ${folder}, all registered${rest}.`,
      ...(current.size === 0 ? { advice: `Put a definition into ${folder}, then run: ratchet migrate` } : {}),
    },
  ];
}

/** The queue; `isServed`: whether a worker is alive. */
export function queueFindings(queue: QueueFacts, isServed: boolean): Finding[] {
  const findings: Finding[] = [];
  if (queue.clockShiftMs !== 0) {
    findings.push({
      check: "clock",
      level: "problem",
      message: `Ratchet's clock was moved by ${formatSpan(Math.abs(queue.clockShiftMs))}, as only tests do.`,
      advice: "Take it back: update ratchet_private.clock set shift = '0'",
    });
  }
  if (queue.unwokenJobs.length > 0) {
    findings.push({
      check: "wake-ups",
      level: isServed ? "problem" : "warning",
      message: `Due for more than a minute, and nothing wakes them: ${jobs(queue.unwokenJobs)}.`,
      advice: isServed
        ? "A live worker mends that within seconds; this one does not. Look at its log for errors of the sweep."
        : "The first worker that starts gives them new wake-ups within seconds: ratchet worker",
    });
  }
  if (queue.overdueJobs > queue.unwokenJobs.length && queue.oldestDueMs !== null) {
    const waiting = formatAge(queue.oldestDueMs);
    findings.push({
      check: "backlog",
      level: "warning",
      message: `${countOf(queue.overdueJobs, "job")} due for more than a minute and not begun, the oldest for ${waiting}.`,
      advice: isServed
        ? "The workers do not keep up, or those jobs share a queue: run more workers or raise RATCHET_CONCURRENCY."
        : "Start a worker: ratchet worker",
    });
  }
  if (queue.spentWakeUps > 0) {
    findings.push({
      check: "wake-ups",
      level: "warning",
      message: `${countOf(queue.spentWakeUps, "wake-up")} with all attempts used up.`,
      advice: "They do no harm: a worker removes them and gives their jobs new ones.",
    });
  }
  for (const { identifier, jobs: count } of queue.failedPlainJobs) {
    findings.push({
      check: "plain tasks",
      level: "warning",
      message: `graphile-worker has given up ${countOf(count, "job")} of its own task "${identifier}".`,
      advice: "Look at last_error in graphile_worker.jobs; graphile_worker.reschedule_jobs lets them run again.",
    });
  }
  return findings.length > 0
    ? findings
    : [{ check: "wake-ups", level: "ok", message: "Every job that is due has its wake-up." }];
}

/** Contradictions among the rows. */
export function violationsFindings(violations: readonly ViolationCount[]): Finding[] {
  if (violations.length === 0) {
    return [{ check: "violations", level: "ok", message: "No row contradicts another." }];
  }
  return violations.map(({ rule, count, jobIds, example }) => ({
    check: "violations",
    level: "problem",
    message: `${rule}: ${jobs(jobIds)}${count > jobIds.length ? ` and ${count - jobIds.length} more` : ""} (${example}).`,
    advice: "See ratchet.violations. A running worker mends some within a minute; what stays is worth a bug report.",
  }));
}

function jobs(ids: readonly string[]): string {
  return `${ids.length === 1 ? "job" : "jobs"} ${ids.join(", ")}`;
}
