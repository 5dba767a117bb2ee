import { WORKERS, type Tables } from "./laboratory.ts";
import type { Row } from "./session.ts";
import { DEADLOCK } from "./settle.ts";
import type { OpenCall, World } from "./world.ts";

/** What a call's answer, committed, tells of broken promises. `world` is as the others see it at that moment. */
export function brokenByAnswer(world: World, { owner, call, isDetached }: OpenCall, rows: readonly Row[]): string[] {
  const outcome = rows[0]?.["outcome"];
  const claim = world.workers[owner]?.claim ?? null;
  const broken: string[] = [];
  if (call.name === "claim" && outcome === "claimed") {
    for (const other of Object.values(world.workers)) {
      if (
        other.name !== owner &&
        other.at !== "dead" &&
        other.claim !== null &&
        !other.claim.isRevoked &&
        isStillHeld(other.want?.name)
      ) {
        broken.push(`${owner} has claimed the job while ${other.name} runs it, and nobody took it from ${other.name}`);
      }
    }
  }
  if (["complete", "fail", "mark", "run transaction task"].includes(call.name) && claim !== null) {
    if (outcome === "written" && claim.isRevoked) {
      broken.push(`${owner} wrote under fence ${claim.fence}, though its claim had been taken from it`);
    }
    if (outcome === "refused" && !claim.isRevoked && !isDetached) {
      broken.push(`${owner} was refused under fence ${claim.fence}, though nobody took its claim`);
    }
  }
  return broken;
}

/** A worker whose last task is written, or that is giving its claim back, may be overtaken. */
function isStillHeld(want: string | undefined): boolean {
  return want === undefined || ["complete", "fail", "mark", "run transaction task", "ask for its end"].includes(want);
}

/** What an error tells. */
export function brokenByFailure({ owner, call }: OpenCall, code: string, message: string): string[] {
  if (owner === "O" && code.startsWith("RT")) {
    return [];
  }
  return code === DEADLOCK
    ? [`"${call.name}" of ${owner} was part of a deadlock`]
    : [`"${call.name}" of ${owner} failed with ${code}: ${message}`];
}

/** What the rows tell, compared with those before. */
export function brokenByRows(before: World, after: World, wasOrder: boolean): string[] {
  const broken: string[] = [];
  const tasks = rowsOf(after.committed.tables, "ratchet.tasks");
  for (const task of rowsOf(before.committed.tables, "ratchet.tasks")) {
    const now = tasks.find(({ position }) => position === task["position"]);
    if (task["status"] === "COMPLETED" && now?.["status"] !== "COMPLETED" && !wasOrder) {
      broken.push(`task ${String(task["position"])} was COMPLETED and is ${String(now?.["status"])} without an order`);
    }
    if (Number(now?.["fence"]) < Number(task["fence"])) {
      broken.push(`the fence of task ${String(task["position"])} went down`);
    }
  }
  const effects = rowsOf(after.committed.tables, "explorer.effects").length;
  if (effects !== after.effects) {
    broken.push(`the transaction task has ${effects} effects in place of ${after.effects}`);
  }
  const [job] = rowsOf(after.committed.tables, "ratchet.jobs");
  const running = tasks.find(({ status }) => status === "RUNNING");
  if (running !== undefined && Number(running["fence"]) > Number(job?.["fence"])) {
    broken.push("the running task's fence is above its job's");
  }
  for (const task of tasks) {
    const failures = rowsOf(after.committed.tables, "ratchet.task_failures").filter(
      ({ position, counted }) => position === task["position"] && counted === true,
    ).length;
    if (Number(task["attempts"]) > failures + Number(task["status"] === "COMPLETED")) {
      broken.push(`task ${String(task["position"])} counts ${String(task["attempts"])} tries, and ${failures} failed`);
    }
  }
  return broken;
}

/** What stands when nothing happens any more and the sweep has nothing to do. */
export function brokenAtTheEnd(world: World): string[] {
  const [job] = rowsOf(world.committed.tables, "ratchet.jobs");
  if (job?.["finished_at"] !== null) {
    return [];
  }
  if (Object.values(world.workers).every(({ at }) => at === "dead")) {
    return [];
  }
  const holder = Object.entries(WORKERS).find(([, id]) => id === job["worker_id"])?.[0];
  return [`the job is ${String(job["status"])}, held by ${holder ?? "nobody"}, and nothing brings it on`];
}

function rowsOf(tables: Tables, name: string): readonly Row[] {
  return tables[name] ?? [];
}
