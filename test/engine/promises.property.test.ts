import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { releaseWorker } from "../../src/database/calls/workers.ts";
import { defineJob } from "../../src/definition/defineJob.ts";
import type { AnyJobDefinition } from "../../src/definition/jobDefinition.ts";
import type { TransactionClient } from "../../src/definition/taskContext.ts";
import { LetGo } from "../../src/engine/attempt.ts";
import { RetryLaterError } from "../../src/errors/handlerErrors.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import {
  advanceClock,
  countWakeUps,
  expectNoViolations,
  failuresOf,
  look,
  queue,
  resultsOf,
  startEngine,
  type TestEngine,
} from "./engine.ts";

/** What happens in one call of a task's handler. */
type Call =
  | "returns"
  | "throws"
  /** Asks to be tried later, uncounted. */
  | "later"
  /** The worker loses the job while the handler runs, as if it had died; the handler goes on and ends. */
  | "worker dies"
  /** The same, and the handler throws afterwards. */
  | "worker dies, throws"
  /** A second wake-up comes. */
  | "woken again";

interface PlannedTemplate {
  readonly kind: "task" | "forEach" | "transaction";
  /** 1 for anything but a forEach. */
  readonly tasks: number;
}

interface Plan {
  readonly templates: readonly PlannedTemplate[];
  readonly maxAttempts: number;
  /** For each position its calls in order; when they are used up a call returns. */
  readonly calls: readonly (readonly Call[])[];
}

/** How the pure model says it must end. */
interface Expectation {
  readonly statuses: readonly string[];
  readonly attempts: readonly number[];
  readonly calls: readonly number[];
  readonly counted: number;
  readonly failures: number;
}

const call = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Call>("returns") },
  { weight: 4, arbitrary: fc.constant<Call>("throws") },
  { weight: 1, arbitrary: fc.constant<Call>("later") },
  { weight: 2, arbitrary: fc.constant<Call>("worker dies") },
  { weight: 1, arbitrary: fc.constant<Call>("worker dies, throws") },
  { weight: 2, arbitrary: fc.constant<Call>("woken again") },
);

const template: fc.Arbitrary<PlannedTemplate> = fc.oneof(
  fc.record({ kind: fc.constant("task" as const), tasks: fc.constant(1) }),
  fc.record({ kind: fc.constant("forEach" as const), tasks: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("transaction" as const), tasks: fc.constant(1) }),
);

const plan: fc.Arbitrary<Plan> = fc.record({
  templates: fc.array(template, { minLength: 1, maxLength: 4 }),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  calls: fc.array(fc.array(call, { maxLength: 3 }), { minLength: 12, maxLength: 12 }),
});

/** The rules of DESIGN.md in a dozen lines: one task after the other, each until it returns or has used up its tries. */
function expected({ templates, maxAttempts, calls }: Plan): Expectation {
  const tasks = Array.from({ length: lengthOf(templates) }, () => ({ status: "PENDING", attempts: 0, calls: 0 }));
  let counted = 0;
  let failures = 0;
  for (const [index, task] of tasks.entries()) {
    while (task.status === "PENDING") {
      const outcome = calls[index]?.[task.calls] ?? "returns";
      task.calls++;
      if (outcome === "throws") {
        task.attempts++;
        counted++;
        failures++;
        task.status = task.attempts === maxAttempts ? "FAILED" : "PENDING";
      } else if (outcome === "later") {
        failures++;
      } else if (!outcome.startsWith("worker dies")) {
        task.attempts++;
        task.status = "COMPLETED";
      }
    }
    if (task.status === "FAILED") {
      break;
    }
  }
  return {
    statuses: tasks.map(({ status }) => status),
    attempts: tasks.map(({ attempts }) => attempts),
    calls: tasks.map((task) => task.calls),
    counted,
    failures,
  };
}

function lengthOf(templates: readonly PlannedTemplate[]): number {
  let length = 0;
  for (const { tasks } of templates) {
    length += tasks;
  }
  return length;
}

let database: TestDatabase;
const engines: TestEngine[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query("create table effects (job_id bigint, position integer)");
});

afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await database.drop();
});

/** A job with its own definition, driven to its end by wake-ups that come early, twice and on other workers. */
async function drive(planned: Plan, identifier: string): Promise<void> {
  const { templates, maxAttempts, calls } = planned;
  const length = lengthOf(templates);
  const ledger = Array.from({ length }, () => 0);
  const returned: (number | null)[] = Array.from({ length }, () => null);
  let extra: Promise<void>[] = [];

  async function handle(position: number, jobId: string, client?: TransactionClient): Promise<number> {
    const count = ledger[position - 1] ?? 0;
    ledger[position - 1] = count + 1;
    const engine = current;
    // Promise 2: what stands before has ended durably, as any other session sees it.
    const unfinished = await database.pool.query(
      "select from ratchet.tasks where job_id = $1 and position < $2 and status <> 'COMPLETED'",
      [jobId, position],
    );
    expect(unfinished.rowCount).toBe(0);
    await client?.query("insert into effects values ($1, $2)", [jobId, position]);
    const outcome = calls[position - 1]?.[count] ?? "returns";
    if (outcome.startsWith("worker dies")) {
      await releaseWorker(database.pool, engine.session.workerId);
    }
    if (outcome.endsWith("throws")) {
      throw new Error("as planned");
    }
    if (outcome === "later") {
      throw new RetryLaterError({ delay: "5 s", countAttempt: false });
    }
    if (outcome === "woken again") {
      extra.push(engine.jobs.run(jobId, identifier));
    }
    returned[position - 1] = position * 100 + count;
    return position * 100 + count;
  }

  const definition = definitionOf(templates, maxAttempts, handle);
  const lists = Object.fromEntries(
    templates.map(({ tasks }, index) => [`list${index}`, Array.from({ length: tasks }, () => 0)]),
  );
  async function startWorker(): Promise<TestEngine> {
    const engine = await startEngine({
      url: database.url,
      definitions: { [identifier]: definition },
      mostTransactions: 1,
    });
    engines.push(engine);
    return engine;
  }

  let current = await startWorker();
  const jobId = await queue(database.pool, identifier, { payload: lists });
  expect((await look(database.pool, jobId)).tasks.map(({ position, status }) => `${position} ${status}`)).toStrictEqual(
    Array.from({ length }, (_, index) => `${index + 1} PENDING`),
  );

  for (let rounds = 0; (await look(database.pool, jobId)).finishedAt === null; rounds++) {
    expect(rounds).toBeLessThan(120);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);
    // graphile-worker takes it when the run ends, and then something else must wake the job.
    await database.pool.query("select graphile_worker.remove_job('ratchet:' || $1)", [jobId]);
    const engine = current;
    const end: unknown = await engine.run(jobId).catch((error: unknown) => error);
    // A lost claim ends the run with an error.
    expect(end === undefined || (end instanceof LetGo && end.kind === "lost")).toBe(true);
    await Promise.all(extra);
    extra = [];
    if (await isReleased(engine)) {
      await engine.close();
      current = await startWorker();
    }
    // Early or in time.
    await advanceClock(database.pool, rounds % 2 === 0 ? "10 ms" : "31 s");
  }

  const model = expected(planned);
  const job = await look(database.pool, jobId);
  const { rowCount } = await database.pool.query("select from effects where job_id = $1", [jobId]);
  const failures = await failuresOf(database.pool, jobId);
  const transactions = templates.flatMap(({ kind, tasks }) =>
    Array.from({ length: tasks }, () => kind === "transaction"),
  );
  expect({
    statuses: job.tasks.map(({ status }) => status),
    attempts: job.tasks.map(({ attempts }) => attempts),
    calls: ledger,
    counted: failures.filter(({ counted }) => counted).length,
    failures: failures.length,
    effects: rowCount,
    results: await resultsOf(database.pool, jobId),
    status: job.status,
  }).toStrictEqual({
    ...model,
    // Exactly once, however often the handler was called.
    effects: model.statuses.filter((status, index) => status === "COMPLETED" && transactions[index]).length,
    results: model.statuses.map((status, index) => (status === "COMPLETED" ? returned[index] : null)),
    status: model.statuses.includes("FAILED") ? "FAILED" : "COMPLETED",
  });
}

interface AnyContext {
  readonly job: { readonly id: string };
  readonly task: { readonly position: number };
  readonly client?: TransactionClient;
}

/** The chain of a definition without its types: these plans are made at run time. */
interface AnyChain extends AnyJobDefinition {
  task(key: string, options: object, handler: (context: AnyContext) => unknown): AnyChain;
  forEach(key: string, source: string, options: object, handler: (context: AnyContext) => unknown): AnyChain;
}

function definitionOf(
  templates: readonly PlannedTemplate[],
  maxAttempts: number,
  handle: (position: number, jobId: string, client?: TransactionClient) => unknown,
): AnyJobDefinition {
  const begin = defineJob({ retry: { maxAttempts } }) as unknown as AnyChain;
  let chain = begin;
  for (const [index, { kind }] of templates.entries()) {
    const handler = ({ job, task, client }: AnyContext): unknown => handle(task.position, job.id, client);
    chain =
      kind === "forEach"
        ? chain.forEach(`each${index}`, `list${index}`, {}, handler)
        : chain.task(`task${index}`, kind === "transaction" ? { transaction: true } : {}, handler);
  }
  return chain;
}

function seedOf(text: string | undefined): { seed?: number } {
  return text === undefined || text === "" ? {} : { seed: Number(text) };
}

async function isReleased({ session }: TestEngine): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    "select from ratchet.workers where id = $1 and stopped_at is not null",
    [session.workerId],
  );
  return rowCount === 1;
}

test("random plans, failures, deaths, hand-backs and wake-ups keep promises 1 to 5 and 7", async () => {
  let jobs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 8, maxLength: 8 }), async (plans) => {
      await Promise.all(plans.map((planned) => drive(planned, `random_${++jobs}`)));
      await expectNoViolations(database.pool);
      await Promise.all(engines.splice(0).map((engine) => engine.close()));
    }),
    { numRuns: 13, endOnFailure: false, ...seedOf(process.env["RATCHET_TEST_SEED"]) },
  );
});
