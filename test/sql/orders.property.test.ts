import fc from "fast-check";
import { expect, test } from "vitest";

import { addJob, addWorker, checkpoint, claim, readTasks, type Task, useSql } from "./fixtures.ts";
import { cancel, complete, orderMany, prune, reschedule, retry, scrub, skip } from "./orders.ts";

const sql = useSql();

const KEYS = ["validate", "upload[1]", "upload[2]", "create"];

/** Refusals that an order may meet; anything else, such as a constraint without a word about it, is a fault. */
const REFUSALS = new Set(["RT009", "RT013", "RT016", "RT017", "RT018", "RT019", "RT020", "RT023", "RT024", "RT025"]);

/** A claim, and the task that its worker is in. */
interface Claimed {
  readonly fence: number;
  position: number;
}

interface Situation {
  readonly id: string;
  readonly worker: number;
  /** All so far. */
  readonly claims: Claimed[];
  readonly position: number;
}

/** Writes as the newest claim, in the task that its worker is in. */
async function write(
  { id, worker, claims }: Situation,
  kind: "C" | "F",
  failure: Record<string, unknown> = {},
): Promise<void> {
  const current = claims.at(-1);
  if (current !== undefined) {
    const item = { job: id, position: current.position, fence: current.fence, kind, failure, result: 1 };
    const [answer] = await checkpoint(sql.pool(), worker, [item]);
    if (kind === "C" && answer?.outcome === "written" && answer.stop === false) {
      current.position++;
    }
  }
}

/** Writes as every older claim, which must change nothing. */
async function writeLate({ id, worker, claims }: Situation): Promise<void> {
  const [job] = await sql.rows<{ fence: number }>("select fence from ratchet.jobs where id = $1", [id]);
  const late = claims.filter(({ fence }) => fence < (job?.fence ?? Infinity));
  for (const kind of ["R", "C", "F"] as const) {
    for (const { fence, position } of late) {
      const [answer] = await checkpoint(sql.pool(), worker, [{ job: id, position, fence, kind }]);
      if (answer?.outcome === "written") {
        throw new Error(`Fence ${fence} has written task ${position} of a job whose fence is ${job?.fence}`);
      }
    }
  }
}

/** What may happen to a job, from a worker or from outside. */
const STEPS = {
  async claim({ id, worker, claims }: Situation) {
    const [claimed] = await claim(sql.pool(), worker, [id]);
    if (claimed?.outcome === "claimed") {
      claims.push({ fence: claimed.fence, position: claimed.first_position });
    }
  },
  complete: (situation: Situation) => write(situation, "C"),
  fail: (situation: Situation) => write(situation, "F"),
  failForGood: (situation: Situation) => write(situation, "F", { can_retry: false }),
  async handBack({ id, worker, claims }: Situation) {
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [claims.at(-1)?.fence ?? 0]]);
  },
  // What a rescue does with each job of a dead worker.
  rescue: ({ id, worker }: Situation) => sql.rows("select ratchet_private.free_jobs($1, $2, true)", [worker, [id]]),
  writeLate,
  sweep: () => sql.rows("select ratchet_private.sweep_jobs(0, 1000)"),
  cancel: ({ id }: Situation) => cancel(sql.pool(), id),
  retry: ({ id }: Situation) => retry(sql.pool(), id),
  retryFrom: ({ id, position }: Situation) => retry(sql.pool(), id, { fromTask: KEYS[position - 1] ?? "" }),
  skip: ({ id, position }: Situation) => skip(sql.pool(), id, KEYS[position - 1] ?? ""),
  completeByHand: ({ id, position }: Situation) =>
    complete(sql.pool(), id, KEYS[position - 1] ?? "", { result: "by hand" }),
  // Below and above "now": the job is due at once, or not for the rest of the sequence.
  reschedule: ({ id, position }: Situation) =>
    reschedule(sql.pool(), id, { runAt: position > 1 ? "now" : "2099-01-01Z", priority: position }),
  retryMany: () => orderMany(sql.pool(), "retry_jobs", { identifier: "publish" }),
  cancelMany: () => orderMany(sql.pool(), "cancel_jobs", { identifier: "publish" }),
  scrub: ({ id }: Situation) => scrub(sql.pool(), id),
  prune: () => prune(sql.pool()),
  skipByHand: (situation: Situation) => setByHand(situation, "SKIPPED"),
  cancelByHand: (situation: Situation) => setByHand(situation, "CANCELLED"),
} satisfies Record<string, (situation: Situation) => Promise<unknown>>;

function setByHand({ id, position }: Situation, status: string): Promise<unknown> {
  return sql.rows("update ratchet.tasks set status = $3::ratchet.task_status where job_id = $1 and position = $2", [
    id,
    position,
    status,
  ]);
}

type StepName = keyof typeof STEPS;

const WEIGHTS: Readonly<Record<StepName, number>> = {
  claim: 4,
  complete: 4,
  fail: 2,
  failForGood: 2,
  handBack: 1,
  rescue: 1,
  writeLate: 2,
  sweep: 1,
  cancel: 2,
  retry: 3,
  retryFrom: 3,
  skip: 4,
  completeByHand: 3,
  reschedule: 3,
  retryMany: 1,
  cancelMany: 1,
  scrub: 1,
  prune: 1,
  skipByHand: 1,
  cancelByHand: 1,
};

const stepName = fc.oneof(
  ...Object.entries(WEIGHTS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as StepName) })),
);

/** What happens one after the other, each time so many steps at once. */
function rounds(atOnce: number) {
  return fc.array(
    fc.record({
      names: fc.uniqueArray(stepName, { minLength: atOnce, maxLength: atOnce }),
      position: fc.integer({ min: 1, max: KEYS.length }),
    }),
    { minLength: 4, maxLength: 16 },
  );
}

/** Orders that let tasks run again, or take out what they returned. */
const TAKES_BACK: ReadonlySet<StepName> = new Set(["retryFrom", "scrub"]);

/** Takes steps at the same time; tells what is wrong after them. */
async function faultsOf(names: readonly StepName[], situation: Situation): Promise<unknown[]> {
  const before = await readTasks(sql, situation.id);
  const ends = await Promise.allSettled(names.map((name) => STEPS[name](situation)));
  const refusals = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as Error & { code?: string }] : []));
  for (const refusal of refusals) {
    // Two that collide may deadlock: the one that Postgres ends is repeated by whoever called it.
    if (!REFUSALS.has(refusal.code ?? "") && !(names.length > 1 && refusal.code === "40P01")) {
      throw refusal;
    }
  }
  const after = await readTasks(sql, situation.id);
  const isPruned = after.length === 0;
  const stayed = ended(after);
  return [
    ...(refusals.length === names.length && JSON.stringify(after) !== JSON.stringify(before)
      ? ["a refusal changed tasks"]
      : []),
    ...(names.some((name) => TAKES_BACK.has(name)) || isPruned
      ? []
      : ended(before).filter((task) => !stayed.includes(task))),
    ...(await sql.rows("select * from ratchet.all_violations()")),
  ];
}

/** Those that must neither run again nor end in another way, with what they returned. */
function ended(tasks: readonly Task[]): string[] {
  return tasks
    .filter(({ status }) => status === "COMPLETED" || status === "SKIPPED")
    .map(({ position, status, result }) => JSON.stringify({ position, status, result }));
}

async function faultlessWith(sequence: readonly { names: StepName[]; position: number }[], hasKey: boolean) {
  const worker = await addWorker(sql);
  const { id } = await addJob(sql.pool(), {
    identifier: "publish",
    payload: { images: ["a", "b"] },
    max_attempts: 3,
    retry_delay: "0 s",
    ...(hasKey && { job_key: "property" }),
  });
  const claims: Claimed[] = [];
  try {
    for (const { names, position } of sequence) {
      expect(await faultsOf(names, { id, worker, claims, position })).toStrictEqual([]);
    }
  } finally {
    await sql.rows("delete from ratchet.jobs");
  }
}

test("whatever is ordered, nothing contradicts itself, nothing late is written, and what has ended runs again by order alone", async () => {
  await fc.assert(fc.asyncProperty(rounds(1), fc.boolean(), faultlessWith), { numRuns: 30 });
}, 120_000);

test("nor when orders, claims, checkpoints and rescues collide", async () => {
  await fc.assert(fc.asyncProperty(rounds(3), fc.boolean(), faultlessWith), { numRuns: 20 });
}, 120_000);
