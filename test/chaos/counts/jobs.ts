import type { Evidence, Finding } from "../evidence.ts";
import { tasksOf } from "../plans.ts";

/** Jobs whose adding was confirmed and that are not there. */
export function jobsLost({ load, jobs }: Evidence): Finding[] {
  return [...load.added.values()]
    .filter(({ jobId }) => !jobs.has(jobId))
    .map(({ jobId, planned }) => ({ jobId, text: `${planned.payload.token} is gone` }));
}

/** Jobs that have not come to an end. */
export function jobsNotFinal({ jobs, tasks }: Evidence): Finding[] {
  return [...jobs.values()]
    .filter(({ isFinished }) => !isFinished)
    .map(({ id, status, fence }) => ({
      jobId: id,
      text: `${status} under fence ${fence}; its tasks are ${(tasks.get(id) ?? []).map((task) => task.status).join(", ")}`,
    }));
}

/** Jobs that were seen, or stand there, without their whole plan. */
export function plansNotWhole({ jobs, tasks, load }: Evidence): Finding[] {
  const broken = [...jobs.values()].flatMap(({ id, identifier, payload }) => {
    const positions = (tasks.get(id) ?? []).map(({ position }) => position);
    const wanted = [tasksOf(identifier, payload, false), tasksOf(identifier, payload, true)];
    const isWhole = wanted.includes(positions.length) && positions.every((position, index) => position === index + 1);
    return isWhole
      ? []
      : [{ jobId: id, text: `has tasks at positions ${positions.join(", ")}, of ${wanted.join(" or ")}` }];
  });
  return [...broken, ...load.halfPlanned.map((jobId) => ({ jobId, text: "was seen before its plan was whole" }))];
}

/** Rows of `ratchet.violations` and `ratchet.all_violations()`. */
export function violations({ violations: rows }: Evidence): Finding[] {
  return [...rows];
}
