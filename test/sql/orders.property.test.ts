import fc from "fast-check";
import { expect, test } from "vitest";

import { addJob, addWorker, checkpoint, claim, readTasks, type Task, useSql } from "./fixtures.ts";
import { cancel, prune, retry, scrub } from "./orders.ts";

const sql = useSql();

const KEYS = ["validate", "upload[1]", "upload[2]", "create"];

/** Refusals that an order may meet; anything else, such as a constraint without a word about it, is a fault. */
const REFUSALS = new Set(["RT009", "RT013", "RT016", "RT017", "RT018", "RT019", "RT020"]);

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
  writeLate,
  sweep: () => sql.rows("select ratchet_private.sweep(0, 1000)"),
  cancel: ({ id }: Situation) => cancel(sql.pool(), id),
  retry: ({ id }: Situation) => retry(sql.pool(), id),
  retryFrom: ({ id, position }: Situation) => retry(sql.pool(), id, { fromTask: KEYS[position - 1] ?? "" }),
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
  writeLate: 2,
  sweep: 1,
  cancel: 2,
  retry: 3,
  retryFrom: 3,
  scrub: 1,
  prune: 1,
  skipByHand: 1,
  cancelByHand: 1,
};

const steps = fc.array(
  fc.record({
    name: fc.oneof(
      ...Object.entries(WEIGHTS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as StepName) })),
    ),
    position: fc.integer({ min: 1, max: KEYS.length }),
  }),
  { minLength: 4, maxLength: 16 },
);

/** Takes a step; tells what is wrong after it. */
async function faultsOf(name: StepName, situation: Situation): Promise<unknown[]> {
  const before = await readTasks(sql, situation.id);
  const refusal = await STEPS[name](situation).then(
    () => null,
    (error: unknown) => error,
  );
  if (refusal instanceof Error && !REFUSALS.has((refusal as { code?: string }).code ?? "")) {
    throw refusal;
  }
  const after = await readTasks(sql, situation.id);
  const stayed = completed(after);
  return [
    ...(refusal !== null && JSON.stringify(after) !== JSON.stringify(before) ? ["a refusal changed tasks"] : []),
    ...(name === "retryFrom" ? [] : completed(before).filter((position) => !stayed.includes(position))),
    ...(await sql.rows("select * from ratchet.all_violations()")),
  ];
}

function completed(tasks: readonly Task[]): number[] {
  return tasks.filter(({ status }) => status === "COMPLETED").map(({ position }) => position);
}

test("whatever is ordered, nothing contradicts itself, nothing late is written, and COMPLETED tasks run again by order alone", async () => {
  const worker = await addWorker(sql);
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (sequence, hasKey) => {
      const { id } = await addJob(sql.pool(), {
        identifier: "publish",
        payload: { images: ["a", "b"] },
        max_attempts: 3,
        retry_delay: "0 s",
        ...(hasKey && { job_key: "property" }),
      });
      const claims: Claimed[] = [];
      try {
        for (const { name, position } of sequence) {
          expect(await faultsOf(name, { id, worker, claims, position })).toStrictEqual([]);
        }
      } finally {
        await sql.rows("delete from ratchet.jobs");
      }
    }),
    { numRuns: 60 },
  );
});
