import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Checkpoint, writeCheckpoints } from "../../src/database/calls/checkpoints.ts";
import { type Claim, claimJobs } from "../../src/database/calls/claims.ts";
import { registeredVersion } from "../../src/worker/definitions.ts";
import { type TestEngine, queue, startEngine } from "./engine.ts";
import { type StatementCounter, createStatementCounter, five } from "./statementCounter.ts";

// Exact, and no time in it: whoever makes these figures smaller writes that down here, and one that grows needs a reason.

let counter: StatementCounter;
let engine: TestEngine;

beforeAll(async () => {
  counter = await createStatementCounter();
  engine = await startEngine({ url: counter.database.url, definitions: { five } });
  // The first ones make graphile-worker's row of the identifier.
  await add(3);
});

afterAll(async () => {
  await engine.close();
  await counter.database.drop();
});

async function add(count: number): Promise<string[]> {
  const { rows } = await counter.database.pool.query<{ id: string }>(
    `select id from ratchet.add_jobs((
       select jsonb_agg(jsonb_build_object('identifier', 'five')) from generate_series(1, $1::integer)))`,
    [count],
  );
  return rows.map(({ id }) => id);
}

async function claim(jobIds: readonly string[]): Promise<Claim[]> {
  const { pool, workerId } = engine.session;
  const answers = await claimJobs(pool, workerId, jobIds, { versions: [registeredVersion("five", five)] });
  return Array.from(answers.values(), (answer) => {
    if (answer.outcome !== "claimed") {
      throw new Error(`A job was not claimed: ${answer.outcome}`);
    }
    return answer.claim;
  });
}

const FAILURE = { name: "Error", message: "no", code: null, stack: null, counted: true, canRetry: true, delayMs: 1000 };
const KINDS = {
  running: { kind: "running", progress: null },
  completed: { kind: "completed", result: "1" },
  failed: { kind: "failed", failure: FAILURE },
} as const;

async function write(claims: readonly Claim[], position: number, kind: keyof typeof KINDS): Promise<void> {
  const checkpoints = claims.map(({ jobId, fence }): Checkpoint => ({
    jobId,
    position,
    fence,
    elapsedMs: 1,
    ...KINDS[kind],
  }));
  const answers = await writeCheckpoints(engine.session.pool, engine.session.workerId, checkpoints);
  expect(answers.map(({ outcome }) => outcome)).toStrictEqual(claims.map(() => "written"));
}

/** What batches of ten and of forty jobs cost. */
async function costs(prepare: (size: number) => Promise<() => Promise<unknown>>) {
  const ten = await counter.count(await prepare(10));
  const forty = await counter.count(await prepare(40));
  return {
    statements: [ten.statements, forty.statements],
    commits: [ten.commits, forty.commits],
    inside: [ten.inside, forty.inside],
  };
}

const ONCE = { statements: [1, 1], commits: [1, 1] };

describe("a batch of ten or forty is one statement and one commit, and runs so many statements inside:", () => {
  test("claims", async () => {
    const cost = await costs(async (size) => {
      const jobIds = await add(size);
      return () => claim(jobIds);
    });
    expect(cost).toStrictEqual({ ...ONCE, inside: [8, 8] });
  });

  test.each([
    ["marks", "running", [7, 7]],
    ["ends of tasks that are not their jobs' last", "completed", [7, 7]],
    ["failures", "failed", [90, 260]],
  ] as const)("%s", async (_, kind, inside) => {
    const cost = await costs(async (size) => {
      const claims = await claim(await add(size));
      return () => write(claims, 1, kind);
    });
    expect(cost).toStrictEqual({ ...ONCE, inside });
  });

  test("ends of jobs", async () => {
    const cost = await costs(async (size) => {
      const claims = await claim(await add(size));
      for (const position of [1, 2, 3, 4]) {
        await write(claims, position, "completed");
      }
      return () => write(claims, 5, "completed");
    });
    expect(cost).toStrictEqual({ ...ONCE, inside: [9, 9] });
  });

  test("added jobs", async () => {
    const cost = await costs((size) => Promise.resolve(() => add(size)));
    expect(cost).toStrictEqual({ ...ONCE, inside: [23, 23] });
  });
});

test("a job that is added alone is one statement and one commit", async () => {
  const cost = await counter.count(() => queue(counter.database.pool, "five"));
  expect(cost).toStrictEqual({ statements: 1, inside: 23, commits: 1 });
});

test("a job that runs alone is a statement and a commit for its claim, and one for each task", async () => {
  const [jobId = ""] = await add(1);
  const cost = await counter.count(() => engine.jobs.run(jobId, "five"));
  expect(cost).toMatchObject({ statements: 6, commits: 6 });
});

test("of 400 jobs that run at once each costs less than a quarter of a statement and of a commit", async () => {
  const jobIds = await add(400);
  const cost = await counter.count(() => Promise.all(jobIds.map((jobId) => engine.jobs.run(jobId, "five"))));
  expect(cost.statements).toBeLessThan(100);
  expect(cost.commits).toBeLessThan(100);
  expect(await counter.sent("claim_jobs")).toBeLessThan(20);
});
